"""Suppliers set up, connected, and followed in what they offer."""
