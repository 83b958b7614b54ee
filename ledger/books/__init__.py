"""The special book (专账) of an entity: chart, vouchers, months, balances, exports."""
