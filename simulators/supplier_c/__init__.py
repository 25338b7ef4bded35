"""A supplier speaking dialect C. Protocol: docs/protocols/supplier_c.md."""
