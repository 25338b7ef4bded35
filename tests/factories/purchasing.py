"""History, sources and purchases for tests; what services would leave, without waiting two years."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from catalog.models import Sku
from core import clock
from core.ids import new_id
from fulfillment.models import DailyDemand, Delivery, Purchase, PurchaseSource, Supplier
from fulfillment.services.purchasing.count_demand import last_settled
from fulfillment.services.purchasing.order_purchase import order_purchase
from fulfillment.services.purchasing.plan_purchase import Wish, plan_purchase
from tests.factories.fulfillment import make_supplier

BY = "user:usr_TEST"


def make_source(sku: Sku, supplier: Supplier | None = None, **fields: Any) -> PurchaseSource:
    """A way to buy a SKU at 90.00, here on the next day."""
    values = {"cost_minor": 9000, **fields}
    return PurchaseSource.objects.create(sku=sku, supplier=supplier or make_supplier(), **values)


def make_history(sku: Sku, units: Sequence[int | None], *, now: datetime | None = None) -> date:
    """Counted days up to yesterday; None is a sold-out day. Returns the last of them."""
    now = now or clock.now()
    last = last_settled(now)
    DailyDemand.objects.bulk_create(
        DailyDemand(
            sku=sku, day=last - timedelta(days=len(units) - 1 - place), units=n or 0,
            sold_out=n is None, counted_at=now,
        )
        for place, n in enumerate(units)
    )  # fmt: skip
    return last


def make_sales(sku: Sku, at: datetime, units: int, *, state: str = "failed") -> None:
    """Units paid for at one moment; failed ones need no code behind them."""
    Delivery.objects.bulk_create(
        Delivery(
            reference=new_id("ord"), line="l1", unit=1, channel="main", sku=sku, kind="pool",
            state=state, created_at=at, delivered_at=at if state == "delivered" else None,
        )
        for _ in range(units)
    )  # fmt: skip


def make_draft(source: PurchaseSource, units: int, *, now: datetime | None = None) -> Purchase:
    """A draft of one line."""
    wishes = [Wish(source.pk, units)]
    return plan_purchase(wishes=wishes, by=BY, now=now or clock.now())[0]


def make_order(source: PurchaseSource, units: int, *, paid_from: str = "bank") -> Purchase:
    """An ordered purchase of one line."""
    purchase = make_draft(source, units)
    assert order_purchase(
        purchase_id=purchase.public_id, paid_from=paid_from, by=BY, now=clock.now()
    )
    purchase.refresh_from_db()
    return purchase
