"""Outside channels that buy from us by dialect B, turned round (docs/marketplaces.md)."""
