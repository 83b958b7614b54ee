"""Accounts (账): people and money. May import ``assets``; never ``reports`` or ``cli``."""
