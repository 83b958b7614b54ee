"""Commands of the papers: parse, call one query, print."""
