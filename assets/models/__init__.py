"""Nouns of the register, one file per family, re-exported here."""
