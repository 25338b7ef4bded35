"""A supplier speaking dialect A. Protocol: docs/protocols/supplier_a.md."""
