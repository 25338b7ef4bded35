"""A sum cut into random shares, none empty, none lost; the same seed cuts it the same way. Pure.

Weight `n` is HMAC-SHA256, keyed with the seed (32 bytes), over `packet|n`, its first 32 bits. Each
share gets one, and what is above that is split by these weights with the largest remainder.
"""

import hashlib
import hmac

from core.money import split_minor

SEED_BYTES = 32


def cut_packet(total: int, shares: int, *, seed: bytes) -> list[int]:
    """Whole shares that sum to `total`, each one or more. Raises ValueError when that cannot be."""
    if shares < 1 or total < shares or len(seed) != SEED_BYTES:
        raise ValueError(
            "a packet has a share or more, each of one or more, and a seed of 32 bytes"
        )
    weights = [_weight(seed, number) for number in range(1, shares + 1)]
    return [1 + more for more in split_minor(total - shares, weights)]


def _weight(seed: bytes, number: int) -> int:
    drawn = hmac.new(seed, f"packet|{number}".encode(), hashlib.sha256).digest()
    return int.from_bytes(drawn[:4])
