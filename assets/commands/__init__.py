"""Commands of the register: parse, call one verb, print."""
