"""Numbers never used before, and the waiting that asynchronous things need."""

import secrets
import time
from collections.abc import Callable


def number() -> str:
    return "T" + secrets.token_hex(10).upper()


def until(true: Callable[[], bool], *, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not become true in time"
        time.sleep(0.02)
