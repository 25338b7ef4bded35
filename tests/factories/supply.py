"""A supplier of dialect C behind a real address, and units that are to be bought from it."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from catalog.models import Sku
from catalog.states import DeliveryKind
from core import clock, tx
from core.crypto import ensure_data_key
from core.ids import new_id
from fulfillment import road
from fulfillment.models import Attempt, Delivery, Supplier
from fulfillment.services.open_deliveries import open_deliveries
from fulfillment.services.purchasing.fund_supplier import fund_supplier
from fulfillment.services.suppliers.save_supplier import save_supplier
from fulfillment.units import OpenLine
from tests.factories.fulfillment import make_goods, make_offer

KEY_ID, SECRET = "k1", "a-test-secret"
BY = "user:usr_TEST"
PHONE = "13800138000"
PREPAID = 100_000_00


def connect(url: str, *, code: str = "c", prepaid_minor: int = PREPAID, key_id: str = KEY_ID,
            secret: str = SECRET, dialect: str = "rest_hmac",
            options: dict[str, Any] | None = None) -> Supplier:  # fmt: skip
    """A supplier that is switched on, has our keys and holds our money (minor units)."""
    ensure_data_key()
    now = clock.now()
    supplier = save_supplier(
        code=code, name=code.upper(), dialect=dialect, base_url=url, key_id=key_id,
        secret=secret, by=BY, now=now, options=options,
    )  # fmt: skip
    if prepaid_minor:
        fund_supplier(
            supplier_code=code, amount_minor=prepaid_minor, payment_no=new_id("bnk"), by=BY, now=now
        )
    return supplier


def move(supplier: Supplier, url: str) -> None:
    """The supplier answers elsewhere from now on, as after two persons agreed."""
    Supplier.objects.filter(pk=supplier.pk).update(base_url=url)


def make_topup(
    supplier: Supplier,
    *,
    supplier_sku: str = "TOPUP-1",
    max_cost_minor: int = 1650,
    sku: Sku | None = None,
    position: int = 1,
) -> Sku:
    """A top-up SKU that this supplier offers at its simulator's price."""
    sku = sku or make_goods(DeliveryKind.TOPUP, cost_minor=1650)
    make_offer(
        sku, supplier, supplier_sku=supplier_sku, cost_minor=1650,
        max_cost_minor=max_cost_minor, position=position,
    )  # fmt: skip
    return sku


def open_unit(
    sku: Sku, *, account: str | None = PHONE, owner: str = "", paid_minor: int | None = None
) -> Delivery:
    """One paid unit, as the floor above would open it. Without a price nobody minds its cost."""
    reference = new_id("ord")
    target = {"phone": account} if account else None
    with tx.step():
        open_deliveries(
            reference=reference, owner=owner or None, channel="main",
            lines=[OpenLine("l1", sku.pk, 1, target, paid_minor)], now=clock.now(),
        )  # fmt: skip
    return Delivery.objects.get(reference=reference)


def advance(delivery: Delivery, *, now: datetime | None = None) -> float | None:
    """One visit on the road."""
    due_in = road.advance(delivery.public_id, now=now or clock.now())
    delivery.refresh_from_db()
    return due_in


def drive(
    delivery: Delivery, *, until: Callable[[Delivery], bool] | None = None, seconds: float = 30.0
) -> Delivery:
    """Visit again and again, as the sweeper would, until the unit is where it should be."""
    done = until or (lambda unit: unit.state in ("delivered", "failed", "manual"))
    deadline = time.monotonic() + seconds
    while True:
        advance(delivery)
        if done(delivery):
            return delivery
        if time.monotonic() > deadline:
            attempts = list(delivery.attempts.values_list("state", "answer_code"))
            raise AssertionError(f"stuck in {delivery.state} {delivery.reason}: {attempts}")
        time.sleep(0.03)


def last_attempt(delivery: Delivery) -> Attempt:
    """The newest attempt of a unit."""
    return delivery.attempts.order_by("-id")[0]


def due_now(delivery: Delivery) -> None:
    """Make the next visit find the unit due, whatever the ladder says."""
    past = clock.now() - timedelta(seconds=1)
    Delivery.objects.filter(pk=delivery.pk).update(not_before=past)
    delivery.attempts.filter(next_query_at__isnull=False).update(next_query_at=past)
