"""Questions behind the alerts: each finds what is true now, as (subject, figures)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from catalog.models import Sku
from core import ledger
from fulfillment.models import Purchase, Supplier, SupplierOffer, SupplierSync
from fulfillment.postings import PREPAID
from fulfillment.queries.restocking import newest_outlooks, restocks
from fulfillment.states import PurchaseState, SupplierState

Finding = tuple[str, dict[str, Any]]
#: Days that a supplier's prepaid money should last, and the least it should be (minor units).
BALANCE_DAYS, LEAST_MINOR = 3, 100_00
EXPIRING_DAYS = 14
#: Readings of a list that may be missed before somebody is told.
MISSED = 4

SPENT = """
select supplier_id, coalesce(sum(cost_minor), 0) from fulfillment_attempt
where state = 'succeeded' and id > coalesce((select id from fulfillment_attempt
    where created_at < %(since)s order by id desc limit 1), 0) group by 1
"""
EXPIRING = """
select sku_id, min(expires_on), count(*) from fulfillment_code
where state = 'available' and expires_on between %(today)s and %(until)s group by 1
"""


def runs_out(now: datetime) -> Iterator[Finding]:
    """Pool SKUs that may be gone before what is ordered today would come."""
    today = timezone.localdate(now)
    for row in restocks(now=now):
        proposal = row.proposal
        if proposal.buy_by is not None and proposal.buy_by <= today:
            yield (
                f"sku:{row.sku.code}",
                {
                    "name": str(row.sku.product.name), "pk": row.sku.pk, "free": row.shelf.free,
                    "on_order": row.shelf.on_order, "units": proposal.units,
                    "day": (proposal.may_run_out or today).isoformat(),
                },
            )  # fmt: skip


def expiring(now: datetime) -> Iterator[Finding]:
    """Codes whose last day comes before they are expected to be sold."""
    today = timezone.localdate(now)
    with connection.cursor() as cursor:
        cursor.execute(EXPIRING, {"today": today, "until": today + timedelta(days=EXPIRING_DAYS)})
        found = cursor.fetchall()
    skus = {sku.pk: sku for sku in Sku.objects.filter(pk__in=[row[0] for row in found])}
    outlooks = newest_outlooks(list(skus))
    for sku_id, day, units in found:
        days = (day - today).days
        sells = outlooks[sku_id][1].expected(days) if sku_id in outlooks else 0.0
        if units > sells:
            yield (
                f"sku:{skus[sku_id].code}",
                {
                    "pk": sku_id,
                    "units": units,
                    "day": day.isoformat(),
                    "lost": round(units - sells),
                },
            )


def low_balance(now: datetime) -> Iterator[Finding]:
    """Suppliers whose prepaid money does not last BALANCE_DAYS at the pace of the last week.

    The smaller of our books and what the supplier said last counts.
    """
    with connection.cursor() as cursor:
        cursor.execute(SPENT, {"since": now - timedelta(days=7)})
        spent = {pk: int(minor) for pk, minor in cursor.fetchall()}
    rows = Supplier.objects.filter(state=SupplierState.ON, terms="prepaid").exclude(dialect="")
    for supplier in rows.select_related("sync"):
        ours = ledger.balance(f"{PREPAID}:{supplier.code}", supplier.currency)
        sync = getattr(supplier, "sync", None)
        theirs = sync.balance_minor if sync else None
        left = ours if theirs is None else min(ours, theirs)
        a_day = spent.get(supplier.pk, 0) // 7
        if left < max(LEAST_MINOR, a_day * BALANCE_DAYS):
            yield (
                f"supplier:{supplier.code}",
                {
                    "pk": supplier.pk, "name": supplier.name, "left": left, "theirs": theirs,
                    "a_day": a_day, "currency": supplier.currency,
                },
            )  # fmt: skip


def offer_gone(_now: datetime) -> Iterator[Finding]:
    """Active offers that the supplier has taken off, or that are out of stock there."""
    yield from _paused(("gone", "off_sale", "no_stock"))


def cost_above_price(_now: datetime) -> Iterator[Finding]:
    """Active offers that pause because their cost is not borne by the price."""
    yield from _paused(("cost", "ask"))


def late_purchase(now: datetime) -> Iterator[Finding]:
    """Ordered codes that have not all come by the day they were expected."""
    rows = Purchase.objects.filter(
        state=PurchaseState.ORDERED, expected_on__lt=timezone.localdate(now)
    ).select_related("supplier")
    for purchase in rows[:200]:
        yield (
            f"purchase:{purchase.public_id}",
            {
                "pk": purchase.pk, "name": purchase.supplier.name,
                "day": (purchase.expected_on or now.date()).isoformat(),
            },
        )  # fmt: skip


def sync_stale(now: datetime) -> Iterator[Finding]:
    """Suppliers whose list has told nothing for several readings, or never anything."""
    long_ago = now - timedelta(seconds=settings.SYNC_WHOLE_SECONDS * MISSED)
    late = Q(whole_at__lt=long_ago) | Q(whole_at__isnull=True, tries__gte=MISSED, problem__gt="")
    rows = SupplierSync.objects.filter(late, supplier__state=SupplierState.ON).select_related(
        "supplier"
    )
    for row in rows:
        yield (
            f"supplier:{row.supplier.code}",
            {
                "pk": row.supplier_id, "name": row.supplier.name, "problem": row.problem,
                "since": timezone.localtime(row.whole_at).isoformat() if row.whole_at else "–",
            },
        )  # fmt: skip


def _paused(why: tuple[str, ...]) -> Iterator[Finding]:
    rows = SupplierOffer.objects.filter(
        active=True, paused_why__in=why, supplier__state=SupplierState.ON
    ).select_related("supplier", "sku__product")
    for offer in rows.order_by("id")[:500]:
        yield (
            f"offer:{offer.pk}",
            {
                "pk": offer.pk, "why": offer.paused_why, "sku": offer.sku.code,
                "name": str(offer.sku.product.name), "supplier": offer.supplier.name,
                "cost": offer.cost_minor, "most": offer.max_cost_minor,
                "currency": offer.supplier.currency,
            },
        )  # fmt: skip
