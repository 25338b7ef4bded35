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
COUNT = """
select u.state, count(*),
    count(*) filter (where o.state = 'pending_payment' and o.expires_at <= %s)
from orders_flashunit u left join orders_order o on o.id = u.order_id and u.state = 'held'
where u.sale_id = %s group by u.state
"""


@dataclass(frozen=True, slots=True)
class Left:
    """Units of a sale: to be had, kept for orders that are not paid yet, paid, refunded.

    `overdue` of those to be had were kept for an order whose time to pay is over.
    """

    free: int
    held: int
    paid: int
    returned: int = 0
    overdue: int = 0


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


def left(sale_pk: int, now: datetime) -> Left:
    """What is left, at most a quarter of a second old: one statement a process, however many ask."""
    known = _counts.get(sale_pk)
    if known is not None and time.monotonic() - known[0] < FRESH_SECONDS:
        return known[1]
    if not _lock.acquire(blocking=known is None):
        assert known is not None, "whoever has nothing waits"
        return known[1]
    try:
        fresh = count_units(sale_pk, now)
        _counts[sale_pk] = (time.monotonic(), fresh)
    finally:
        _lock.release()
    return fresh


def count_units(sale_pk: int, now: datetime) -> Left:
    """What is left at this moment."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [now, sale_pk])
        counts = {state: (units, overdue) for state, units, overdue in cursor.fetchall()}
    none = (0, 0)
    held, overdue = counts.get("held", none)
    return Left(
        free=counts.get("free", none)[0] + overdue, held=held - overdue, overdue=overdue,
        paid=counts.get("paid", none)[0], returned=counts.get("returned", none)[0],
    )  # fmt: skip


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
