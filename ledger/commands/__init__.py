"""Commands of the accounts: parse, call one verb, print."""
