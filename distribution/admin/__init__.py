"""The distribution floor in the back office."""
