"""Promotions: rules as plain values, and the one engine that turns unit prices into totals.

`engine.py` is pure: `price_cart(Cart(...))`. How rules stack is told in `docs/pricing.md`.
"""
