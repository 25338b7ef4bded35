"""Vouchers at the till: issued, looked at, used, undone."""
