"""What every part of the gateway works with, and what may be scripted to fail."""

import secrets
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from simulators.clock import Clock
from simulators.faults import LINE, Rules
from simulators.localpay.keys import KeyRing
from simulators.store import Store

FAULTS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("query", "close", "refund_query", "bill", "pay"), LINE),
    **dict.fromkeys(("mandate", "mandate_query", "mandate_end"), LINE),
    "refund": LINE | {"async", "async_fail"},
    "charge": LINE | {"insufficient_funds", "async", "async_fail"},
    "notice": frozenset({"none", "late", "duplicate", "reorder", "forged"}),
}


@dataclass
class Gateway:
    store: Store
    clock: Clock
    keys: KeyRing
    rules: Rules
    fee_bps: int = 60
    ladder: tuple[float, ...] = (1, 3, 10, 30, 60, 300, 900, 3600)
    notify_format: str = "form"
    poke: Callable[[], None] = lambda: None
    requests: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, service: str) -> None:
        with self._lock:
            self.requests[service] += 1


class Refusal(Exception):
    """A call that is refused, by the code which the document lists."""

    def __init__(self, code: str, message: str = "", **fields: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = fields


def fee_of(amount_minor: int, bps: int) -> int:
    """Minor units of fee, half up; `bps` is hundredths of a percent."""
    return (amount_minor * bps + 5000) // 10000


def new_nonce() -> str:
    return secrets.token_urlsafe(16)
