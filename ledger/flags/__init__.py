"""Which leads does an auditor find in this book? F01–F28, each one query over register and ledger.

A flag is a lead to be checked, never a verdict. ``rule`` says what a rule is, ``parameters`` where
its limits come from, the other files hold the rules by family, ``running`` asks them all.
"""
