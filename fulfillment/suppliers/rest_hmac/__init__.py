"""Dialect C: REST JSON, HMAC headers, asynchronous results (docs/protocols/supplier_c.md)."""
