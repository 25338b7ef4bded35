"""Flash sales as pages need them: what runs, and what is left, cheap enough for a storm."""

import threading
import time
from dataclasses import dataclass, field
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
    count(*) filter (where o.state = 'pending_payment' and o.expires_at <= %(now)s),
    min(o.expires_at) filter (where o.state = 'pending_payment' and o.expires_at > %(now)s)
from orders_flashunit u left join orders_order o on o.id = u.order_id and u.state = 'held'
where u.sale_id = %(sale)s group by u.state
"""


@dataclass(frozen=True, slots=True)
class Left:
    """Units of a sale: to be had, kept for orders that are not paid yet, paid, refunded.

    `overdue` of those to be had were kept for an order whose time to pay is over; at `due` the next
    of those still kept will be.
    """

    free: int
    held: int
    paid: int
    returned: int = 0
    overdue: int = 0
    due: datetime | None = field(default=None, compare=False)

    def stands(self, now: datetime) -> bool:
        """Whether no unit has come free since by its time to pay running out."""
        return self.due is None or now < self.due


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
    """What is left, at most a quarter of a second old: one statement a process, however many ask.

    While another counts, what is known is good enough, but not to send anybody away for a unit whose
    time to pay is over.
    """
    known = _known(sale_pk, now)
    if known is not None and known[1]:
        return known[0]
    must_wait = known is None or not (known[0].free or known[0].stands(now))
    if not _lock.acquire(blocking=must_wait):
        assert known is not None, "whoever has nothing waits"
        return known[0]
    try:
        known = _known(sale_pk, now)
        if known is not None and known[1]:
            return known[0]
        fresh = count_units(sale_pk, now)
        _counts[sale_pk] = (time.monotonic(), fresh)
    finally:
        _lock.release()
    return fresh


def _known(sale_pk: int, now: datetime) -> tuple[Left, bool] | None:
    """What was counted last, and whether it is still fresh."""
    if (found := _counts.get(sale_pk)) is None:
        return None
    counted, units = found
    return units, time.monotonic() - counted < FRESH_SECONDS and units.stands(now)


def count_units(sale_pk: int, now: datetime) -> Left:
    """What is left at this moment."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"now": now, "sale": sale_pk})
        counts = {state: rest for state, *rest in cursor.fetchall()}
    none = (0, 0, None)
    held, overdue, due = counts.get("held", none)
    return Left(
        free=counts.get("free", none)[0] + overdue, held=held - overdue, overdue=overdue, due=due,
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
