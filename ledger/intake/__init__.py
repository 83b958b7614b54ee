"""How do workbooks of people and money become facts? One file per kind, as in ``assets.intake``."""
