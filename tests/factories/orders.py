"""Orders for tests, made by the services that make them in the shop."""

import itertools
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from accounts.services.push_messages import push_messages
from catalog.models import Sku
from core import clock, outbox
from core.crypto import ensure_data_key
from core.ids import new_id, new_token
from orders.models import Order, Payment
from orders.services.confirm_payment import Confirmed, Receipt, confirm_payment
from orders.services.find_rules import Buyer, find_rules
from orders.services.place_order import Placed, Wanted, place_order
from orders.services.quote import Item, Quote, quote
from simulators.localpay.script import Signer
from tests.factories.catalog import channel, make_sku
from tests.factories.fulfillment import import_file, make_file

KEYS = Path(__file__).parents[1] / "simulators" / "data"
PHONE = "13800138000"
MERCHANT = "QUANYI"
_numbers = itertools.count(1)


def stocked(units: int, **fields: Any) -> Sku:
    """A pool SKU on sale with that many free codes."""
    sku = make_sku(kind="pool", **fields)
    import_file(sku, make_file(units))
    return sku


def item(sku: Sku, quantity: int = 1, **inputs: str) -> Item:
    """A good as a buyer asks for it; top-ups get a phone number unless told otherwise."""
    if not inputs and sku.product.product_type.delivery_kind == "topup":
        inputs = {"phone": PHONE}
    return Item(sku.code, quantity, inputs)


def wanted(*items: Item, **changes: Any) -> Wanted:
    """A checkout form that agrees to the price of this moment."""
    ensure_data_key()
    number = next(_numbers)
    values: dict[str, Any] = {
        "channel": channel(),
        "items": items,
        "contact_kind": "mail",
        "contact": f"buyer{number}@example.com",
        "form_token": new_token(),
        "provider": "localpay",
        "language": "en",
        "terms_version": "test",
        "consent": True,
        "ip": f"198.51.{number // 250 % 250}.{number % 250 + 1}",
    }
    values |= changes
    if "shown" not in changes and "shown_unit_minor" not in changes:
        values["shown"] = shown(Wanted(**values)).fingerprint
    return Wanted(**values)


def shown(form: Wanted) -> Quote:
    """What the page says it costs, before anybody is known by their contact."""
    now, buyer = clock.now(), Buyer(form.owner, form.level, form.user_id)
    found = find_rules(
        channel=form.channel, buyer=buyer, codes=form.codes, coupon=form.coupon, now=now
    )
    rules = [*form.rules, *(found if form.promotions else [])]
    return quote(items=form.items, channel=form.channel, buyer=buyer, now=now, rules=rules)


def place(*items: Item, now: datetime | None = None, **changes: Any) -> Placed:
    """Place an order as a guest."""
    return place_order(wanted=wanted(*items, **changes), now=now or clock.now(), acting="guest")


def make_order(sku: Sku, quantity: int = 1, **changes: Any) -> Order:
    """An unpaid order for one good."""
    return order_of(place(item(sku, quantity), **changes))


def order_of(placed: Placed) -> Order:
    return Order.objects.get(public_id=placed.order)


def payment_of(order: Order) -> Payment:
    """The newest payment of an order."""
    return Payment.objects.filter(order=order).latest("id")


def receipt_of(payment: Payment, **changes: Any) -> Receipt:
    """A success of that payment, as a provider would tell it."""
    values: dict[str, Any] = {
        "provider": payment.provider,
        "number": payment.number,
        "amount_minor": payment.amount_minor,
        "currency": payment.currency,
        "txn": f"T{payment.number}",
    }
    return Receipt(**(values | changes))


def pay(order: Order, *, now: datetime | None = None, **changes: Any) -> Confirmed:
    """Confirm the newest payment of an order."""
    receipt = receipt_of(payment_of(order), **changes)
    return confirm_payment(receipt=receipt, now=now or clock.now(), acting="provider:localpay")


def make_paid(sku: Sku, quantity: int = 1, **changes: Any) -> Order:
    """A paid order for one good."""
    order = make_order(sku, quantity, **changes)
    pay(order)
    order.refresh_from_db()
    return order


def gateway_signer() -> Signer:
    """The gateway's key of the tests."""
    return Signer((KEYS / "gateway_test_key.pem").read_bytes())


def notice_fields(payment: Payment, **changes: str) -> dict[str, str]:
    """What a success notice of that payment says, before it is signed."""
    return {
        "service": "payment.notice",
        "notice_id": new_id("ntc"),
        "merchant_id": MERCHANT,
        "number": payment.number,
        "txn": f"T{payment.number}",
        "amount_minor": str(payment.amount_minor),
        "currency": payment.currency,
        "status": "SUCCESS",
        "paid_at": "2026-01-01T08:00:00+08:00",
        **changes,
    }


def notice_body(payment: Payment, *, at: datetime | None = None, **changes: str) -> bytes:
    """A rightly signed notice, as a form."""
    moment = (at or clock.now()).timestamp()
    return urlencode(gateway_signer().signed(notice_fields(payment, **changes), at=moment)).encode()


def relay_all() -> None:
    """Tell every waiting fact to its handlers and send every message, as the worker would."""
    for _round in range(20):
        if outbox.relay() + push_messages(now=clock.now()) == 0:
            return
