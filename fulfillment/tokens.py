"""Tokens of links and of what guests hold: 128 bits, known to us by a keyed hash only."""

import re

from core import crypto

SHAPE = re.compile(r"[A-Za-z0-9_-]{22}")


def token_hash(purpose: str, token: str) -> bytes:
    """Keyed hash (32 bytes) of a token; `purpose` is gift, link or holder."""
    return crypto.blind_index(f"fulfillment.{purpose}", token)


def fits(purpose: str, token: str, known: bytes | memoryview | None) -> bool:
    """Whether a token is the one with that keyed hash, compared in constant time."""
    if known is None or not SHAPE.fullmatch(token):
        return False
    return crypto.same(token_hash(purpose, token), bytes(known))
