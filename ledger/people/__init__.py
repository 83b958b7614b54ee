"""Households and their members: dated facts, frozen rosters, sealed personal data."""
