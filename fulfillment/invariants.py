"""Statements that must return no row, whatever has happened (reliability.md 4.4)."""
