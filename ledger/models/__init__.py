"""Nouns of the accounts, one file per family, re-exported here."""
