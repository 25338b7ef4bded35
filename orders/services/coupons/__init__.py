"""Coupons from making to void: claimed, given, held by an order, given back."""
