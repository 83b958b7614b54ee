"""Register (台账): things, places, institutions, procedure, and the log all facts are written in."""
