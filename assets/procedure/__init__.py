"""Procedure (四议两公开): actors, evidence, decisions, notices and objections."""
