"""Numbered editions: pieces kept, certificates issued and chained."""
