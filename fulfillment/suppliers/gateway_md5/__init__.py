"""Dialect A: gateway JSON, character-sorted MD5, poll for the result (docs/protocols/supplier_a.md)."""
