"""What orders put on the front page of the back office."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.desk import FIGURES, PANELS, TASKS, Figure, Panel, Task, day_began
from orders.models import Order

NEWEST = 8
HOURS = 24
NAMED_HOURS = 3

# Orders carry rising ids, so a walk back from the newest finds where yesterday began.
_PLACED = """
with since as (select coalesce((
    select id from orders_order where created_at < %(yesterday)s order by id desc limit 1), 0) as id)
select count(*) filter (where created_at >= %(today)s), count(*) filter (where created_at < %(then)s)
from orders_order o, since where o.id > since.id
"""
_PAID = """
with since as (select coalesce((
    select id from orders_order where created_at < %(yesterday)s order by id desc limit 1), 0) as id)
select coalesce(sum(total_minor) filter (where paid_at >= %(today)s), 0),
    coalesce(sum(total_minor) filter (where paid_at < %(then)s), 0)
from orders_order o, since where o.id > since.id and paid_at >= %(yesterday)s
"""
_HOURS = """
with since as (select coalesce((
    select id from orders_order where created_at < %(yesterday)s order by id desc limit 1), 0) as id)
select (paid_at >= %(today)s) as is_today,
    extract(hour from paid_at at time zone %(zone)s)::int as hour, count(*)
from orders_order o, since where o.id > since.id and paid_at >= %(yesterday)s
group by 1, 2
"""


def register() -> None:
    """Called once when the app is ready."""
    orders, view = "orders_order_changelist", "orders.view_order"
    FIGURES.register("orders.placed", Figure(_("Orders today"), _PLACED, view, orders, place=10))
    FIGURES.register("orders.paid", Figure(_("Paid today"), _PAID, view, orders, "CNY", place=20))
    for key, task in _tasks().items():
        TASKS.register(key, task)
    PANELS.register(
        "orders.hours",
        Panel(
            _("Paid orders by the hour"), "admin/orders/desk_hours.html", _hours, view, wide=True
        ),
    )
    PANELS.register(
        "orders.newest",
        Panel(_("Newest orders"), "admin/orders/desk_newest.html", _newest, view, wide=True),
    )


def _tasks() -> dict[str, Task]:
    return {
        "orders.waiting": Task(
            _("Paid, waiting for stock"),
            "select count(*) from orders_orderwait where state = 'open' and kind = 'stock'",
            "orders.view_order", "orders_order_changelist?queue=waiting",
        ),
        "orders.unknown": Task(
            _("Payments without a clear answer"),
            "select count(*) from orders_payment where not_before is not null and state = 'unknown'",
            "orders.view_payment", "orders_payment_changelist?state__exact=unknown", grave=True,
        ),
        "orders.aside": Task(
            _("Money set aside for people"),
            "select count(*) from orders_notice where outcome = 'quarantined'",
            "orders.view_notice", "orders_notice_changelist?outcome__exact=quarantined", grave=True,
        ),
        "orders.refunds": Task(
            _("Refunds that failed"),
            "select count(*) from orders_refund where state in ('failed', 'unknown')",
            "orders.view_refund", "orders_refund_changelist?state__exact=failed", grave=True,
        ),
        "orders.late": Task(
            _("Paid after closing"),
            "select count(*) from orders_order where state = 'late_paid'"
            " and created_at > %(now)s - interval '7 days'",
            "orders.view_order", "orders_order_changelist?queue=late",
        ),
    }  # fmt: skip


def _hours(now: datetime) -> Mapping[str, Any]:
    """Counts by hour of today and yesterday, with the heights of their bars."""
    today = day_began(now)
    counts = {True: [0] * HOURS, False: [0] * HOURS}
    with connection.cursor() as cursor:
        times = {"today": today, "yesterday": today - timedelta(days=1)}
        cursor.execute(_HOURS, {**times, "zone": timezone.get_current_timezone_name()})
        for is_today, hour, number in cursor.fetchall():
            counts[is_today][hour] = number
    most = max(*counts[True], *counts[False], 1)
    bars = [
        {
            "hour": hour, "named": hour % NAMED_HOURS == 0, "today": is_, "yesterday": was,
            "today_height": is_ * 100 // most, "yesterday_height": was * 100 // most,
        }
        for hour, (is_, was) in enumerate(zip(counts[True], counts[False], strict=True))
    ]  # fmt: skip
    return {"bars": bars, "today": sum(counts[True]), "yesterday": sum(counts[False])}


def _newest(now: datetime) -> Mapping[str, Any] | None:
    goods = Prefetch("lines", to_attr="goods")
    found = list(Order.objects.prefetch_related(goods).order_by("-id")[:NEWEST])
    return {"orders": found} if found else None
