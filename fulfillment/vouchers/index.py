"""The keyed hash by which a scanned code finds its row; it leaks equality only (R-VLT-3)."""

from core.crypto import blind_index


def voucher_index(code: str) -> bytes:
    """32 bytes of a code in its plain form (vouchers/codes.py)."""
    return blind_index("voucher", code)
