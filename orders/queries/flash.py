"""Flash sales as pages need them: what runs, and what is left, cheap enough for a storm."""

import threading
import time
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from catalog.offers import ChannelView
from core.cache import Versioned
from orders.models import FlashSale
from orders.states import FlashState

NAME = "flash"
# What is left may be this old on a page; the order decides.
FRESH_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Left:
    """Units of a sale: never taken, kept for orders that are not paid yet, paid."""

    free: int
    held: int
    paid: int
    returned: int = 0


def sales(channel: ChannelView, now: datetime) -> list[FlashSale]:
    """Sales of a channel that run or will, the next to end first; no statement when warm."""
    shown = [row for row in _held.get().values() if row.ends_at > now]
    return [row for row in shown if not row.channels or channel.code in row.channels]


def sale_by_slug(slug: str, channel: ChannelView) -> FlashSale | None:
    """A sale whose units were cut, also one that is over."""
    row = _held.get().get(slug)
    if row is None:
        rows = FlashSale.objects.select_related("sku").exclude(state=FlashState.DRAFT)
        row = rows.filter(slug=slug).first()
    if row is None or (row.channels and channel.code not in row.channels):
        return None
    return row


def left(sale_pk: int) -> Left:
    """What is left, at most a quarter of a second old: one statement a process, however many ask."""
    known = _counts.get(sale_pk)
    if known is not None and time.monotonic() - known[0] < FRESH_SECONDS:
        return known[1]
    if not _lock.acquire(blocking=known is None):
        assert known is not None, "whoever has nothing waits"
        return known[1]
    try:
        fresh = count_units(sale_pk)
        _counts[sale_pk] = (time.monotonic(), fresh)
    finally:
        _lock.release()
    return fresh


def count_units(sale_pk: int) -> Left:
    """What is left at this moment."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select state, count(*) from orders_flashunit where sale_id = %s group by state",
            [sale_pk],
        )
        counts = dict(cursor.fetchall())
    return Left(*(counts.get(state, 0) for state in ("free", "held", "paid", "returned")))


def forget() -> None:
    """Drop what this process holds: between tests, where versions repeat."""
    _held.forget()
    _counts.clear()


def _load() -> dict[str, FlashSale]:
    rows = FlashSale.objects.filter(state__in=[FlashState.SCHEDULED, FlashState.LIVE])
    return {row.slug: row for row in rows.select_related("sku").order_by("ends_at", "id")}


_held = Versioned(NAME, _load)
_counts: dict[int, tuple[float, Left]] = {}
_lock = threading.Lock()
