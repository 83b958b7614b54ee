"""Revisions of the tables; a revision that has landed is never edited."""
