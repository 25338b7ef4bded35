"""What every part of the supplier works with, and what may be scripted to fail."""

import secrets
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from simulators.clock import Clock
from simulators.faults import LINE, Rules
from simulators.store import Store
from simulators.supply.dialect import Dialect

FAULTS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("balance", "statement"), LINE),
    "lookup": LINE | {"odd_cards"},
    "products": LINE | {"inject"},
    "order": LINE
    | {"reject", "reject_later", "fail", "stuck", "slow", "partial", "sold_code", "reverse"}
    | {"price", "hide", "odd_state"},
    "callback": frozenset({"none", "late", "duplicate", "reorder", "contradict", "forged"}),
}
REPEATS = ("201", "200", "409")


@dataclass
class Supplier:
    store: Store
    clock: Clock
    rules: Rules
    dialect: Dialect
    submit_after: float = 0.1
    complete_after: float = 0.3
    repeat: str = "200"
    any_product_minor: int | None = None
    callback_url: str = ""
    ladder: tuple[float, ...] = (1, 3, 10, 30, 60, 300, 900, 3600)
    rate: int = 0
    poke: Callable[[], None] = lambda: None
    requests: Counter[str] = field(default_factory=Counter)
    _recent: deque[float] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, op: str) -> bool:
        """Count a request; False when it is over the rate."""
        with self._lock:
            self.requests[op] += 1
            now = time.monotonic()
            while self._recent and self._recent[0] <= now - 1:
                self._recent.popleft()
            if self.rate and len(self._recent) >= self.rate:
                return False
            self._recent.append(now)
            return True

    def secret(self, key_id: str) -> str | None:
        """The secret of a key in use."""
        sql = "SELECT secret FROM key WHERE key_id = ? AND NOT disabled"
        row = self.store.row(sql, key_id)
        return None if row is None else str(row["secret"])

    def newest_key(self) -> tuple[str, str]:
        sql = "SELECT key_id, secret FROM key WHERE NOT disabled ORDER BY rowid DESC LIMIT 1"
        row = self.store.row(sql) or {"key_id": "none", "secret": secrets.token_hex(16)}
        return str(row["key_id"]), str(row["secret"])

    def set_key(self, key_id: str, secret: str) -> None:
        """Add a key, or change the secret of one."""
        self.store.run(
            "INSERT INTO key (key_id, secret) VALUES (?, ?) ON CONFLICT (key_id)"
            " DO UPDATE SET secret = excluded.secret, disabled = 0",
            key_id,
            secret,
        )


class Refusal(Exception):
    """A call that is refused, by the code which the document lists."""

    def __init__(
        self, status: int, code: str, message: str = "", *, order: dict[str, object] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.order = order
