"""Suppliers: one folder per dialect, reached only through the registry."""
