"""A supplier speaking dialect B. Protocol: docs/protocols/supplier_b.md."""
