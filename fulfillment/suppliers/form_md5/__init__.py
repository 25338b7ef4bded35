"""Dialect B: form post, sorted k=v MD5, base64 data, text ack (docs/protocols/supplier_b.md)."""
