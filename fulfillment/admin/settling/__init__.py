"""The desk of settlement: who is owed what, statements of account, payouts."""

from fulfillment.admin.settling import accounts, payouts

__all__ = ["accounts", "payouts"]
