"""The distribution floor in the back office."""

from distribution.admin import keys, marketorders, marketplaces

__all__ = ["keys", "marketorders", "marketplaces"]
