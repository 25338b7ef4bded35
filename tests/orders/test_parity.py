"""The wide statements leave the very rows that the plain functions of core would leave."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from django.db import models, transaction

from core import clock, outbox, transitions
from core.ids import new_id, new_token
from core.models import Journal, OutboxEvent, Posting, StateChange
from orders import postings
from orders.events import OrderCompleted, OrderPaid
from orders.models import Order, OrderLine, Payment, PromotionUse
from orders.models.private import Private
from orders.promotions.values import Used
from orders.queries.confirming import Settlement, lock_for_payment, settle, steps_of
from orders.queries.placing import NewLine, NewOrder, insert_order
from orders.services import place_order as placing
from orders.services.quote import Buyer, quote
from orders.states import OrderState, PaymentState
from tests.factories.catalog import make_sku
from tests.factories.orders import item, make_order, order_of, payment_of, place, stocked, wanted

pytestmark = pytest.mark.django_db
# Drawn anew for each row; everything else must be equal.
OWN = {"id", "public_id", "form_token", "number", "order_id", "order", "private_sealed",
       "secret_hash", "token_hash", "target_sealed", "journal_id", "key", "subject"}  # fmt: skip


def plain(row: models.Model, *, own: set[str] = OWN) -> dict[str, Any]:
    """The row's columns without what is drawn anew."""
    values = {}
    for field in row._meta.concrete_fields:
        if field.attname not in own and field.name not in own:
            value = getattr(row, field.attname)
            values[field.attname] = bytes(value) if isinstance(value, memoryview) else value
    return values


def new_order(now: datetime) -> NewOrder:
    """An order about to be written, of two goods, one with a recipient."""
    goods = (item(stocked(3), 2), item(make_sku(kind="topup", price_minor=1990)))
    form = wanted(*goods, contact="parity@example.com", attribution="campaign")
    priced = quote(items=goods, channel=form.channel, buyer=Buyer(), now=now)
    private = Private("parity@example.com", new_token(), "SECRET12")
    new = placing._new_order(form, priced, "parity@example.com", private, b"h" * 32, now)
    return replace(new, uses=(Used("pro_ONE", 300, 0), Used("pro_TWO", 250, 100)))


def place_plainly(new: NewOrder, *, by: str, now: datetime) -> None:
    """What `insert_order` does, by the ORM and core's own functions."""
    names = {f.attname for f in Order._meta.concrete_fields} & set(NewOrder.__dataclass_fields__)
    order = Order.objects.create(
        **{name: getattr(new, name) for name in names}, state=OrderState.PENDING_PAYMENT,
        state_at=now, created_at=now, consent_at=now,
    )  # fmt: skip
    for position, line in enumerate(new.lines):
        OrderLine.objects.create(
            order=order, position=position, currency=new.currency,
            **{name: getattr(line, name) for name in NewLine.__dataclass_fields__},
        )  # fmt: skip
    for used in new.uses:
        PromotionUse.objects.create(
            order=order, rule=used.rule, discount_minor=used.discount_minor,
            subsidy_minor=used.subsidy_minor, currency=new.currency, created_at=now,
        )  # fmt: skip
    payment = Payment.objects.create(
        public_id=new.payment, number=new.payment_number, order=order, provider=new.provider,
        amount_minor=new.total_minor, currency=new.currency, state=PaymentState.CREATED,
        state_at=now, created_at=now, expires_at=new.payment_expires_at, not_before=new.first_query_at,
    )  # fmt: skip
    transitions.begin(entity="order", subject=new.public_id, state=order.state, now=now, by=by)
    transitions.begin(entity="payment", subject=new.payment, state=payment.state, now=now, by=by)
    transitions.move(
        Payment, payment.pk, from_=[PaymentState.CREATED], to=PaymentState.SUBMITTED, now=now, by=by
    )


def history(*subjects: str) -> list[dict[str, Any]]:
    return [plain(row) for row in StateChange.objects.filter(subject__in=subjects).order_by("id")]


def test_placing_writes_what_plain_functions_write() -> None:
    now = clock.now()
    wide, simple = new_order(now), new_order(now)
    with transaction.atomic():
        assert insert_order(wide, by="guest", now=now)
        place_plainly(simple, by="guest", now=now)
    pairs = [
        (Order.objects.get(public_id=new.public_id), Payment.objects.get(public_id=new.payment))
        for new in (wide, simple)
    ]
    (order, payment), (other, other_payment) = pairs
    goods = {
        "sku_id",
        "sku_code",
        "product_title",
        "product_title_en",
        "sku_title",
        "sku_title_en",
        "face",
    }
    assert plain(order) == plain(other)
    assert plain(payment) == plain(other_payment)
    lines = [
        [plain(x, own=OWN | goods) for x in o.lines.order_by("position")] for o in (order, other)
    ]
    assert lines[0] == lines[1]
    uses = [
        [plain(x) for x in PromotionUse.objects.filter(order=o).order_by("id")]
        for o in (order, other)
    ]
    assert len(uses[0]) == 2
    assert uses[0] == uses[1]
    assert history(wide.public_id, wide.payment) == history(simple.public_id, simple.payment)


def test_a_form_token_is_used_once() -> None:
    now = clock.now()
    new = new_order(now)
    with transaction.atomic():
        assert insert_order(new, by="guest", now=now)
        assert not insert_order(new, by="guest", now=now)
    assert Order.objects.count() == 1


def settle_plainly(settlement: Settlement, *, by: str, now: datetime) -> None:
    """What `settle` does, by core's own functions."""
    locked = settlement.locked
    transitions.move(
        Payment, locked.payment_pk, from_=[locked.payment_state], to=PaymentState.SUCCEEDED,
        now=now, by=by, why=settlement.why, state_at=now, applied=settlement.applied,
        provider_txn=settlement.txn, succeeded_at=now, not_before=None, lease_until=None,
    )  # fmt: skip
    for entity, _, was, became in steps_of(settlement):
        if entity == "order":
            transitions.move(
                Order, locked.order_pk, from_=[was], to=became, now=now, by=by, why=settlement.why,
                state_at=now,
            )  # fmt: skip
    Order.objects.filter(pk=locked.order_pk).update(paid_at=now, completed_at=now)
    for pk, units in settlement.delivered.items():
        OrderLine.objects.filter(pk=pk).update(delivered=units)
    for entry in settlement.entries:
        assert postings.post(entry, now=now)
    for event in settlement.events:
        outbox.publish(event, now=now)


def settlement_of(order: Order) -> Settlement:
    """A full settlement of an order of one line: paid, delivered, with money and facts."""
    locked = lock_for_payment(payment_of(order).number)
    assert locked is not None
    line = locked.lines[0]
    made = Settlement(
        locked=locked, txn=new_id("txn"), applied=True, order_state=OrderState.DELIVERED, paid=True,
        delivered={line.pk: line.quantity}, completed=True, why="parity",
    )  # fmt: skip
    made.entries = [
        postings.received(
            payment=locked.payment, provider=locked.provider, order=locked.order,
            amount_minor=locked.amount_minor, currency=locked.currency,
        ),
        postings.unit_delivered(
            delivery=new_id("dlv"), order=locked.order, amount_minor=locked.amount_minor,
            currency=locked.currency,
        ),
    ]  # fmt: skip
    made.events = [
        OrderPaid("o", "p", "main", "", locked.total_minor, "CNY", late=False),
        OrderCompleted("o", "main", "", "delivered"),
    ]
    return made


def books(order: Order) -> list[dict[str, Any]]:
    legs = Posting.objects.filter(subject=order.public_id).order_by("journal__kind", "amount")
    return [{**plain(leg), "kind": leg.journal.kind, "at": leg.journal.at} for leg in legs]


def test_settling_writes_what_plain_functions_write() -> None:
    now = clock.now()
    first, second = make_order(stocked(2), 2), make_order(stocked(2), 2)
    results: list[dict[str, Any]] = []
    for order, write in ((first, settle), (second, settle_plainly)):
        before = OutboxEvent.objects.count()
        with transaction.atomic():
            write(settlement_of(order), by="provider:localpay", now=now)
        order.refresh_from_db()
        payment = payment_of(order)
        kept = {"state", "state_at", "paid_at", "completed_at"}
        results.append(
            {
                "order": {k: v for k, v in plain(order).items() if k in kept},
                "payment": {
                    **plain(payment),
                    "provider_txn": "",
                    "created_at": "",
                    "expires_at": "",
                },
                "lines": list(order.lines.values_list("delivered", flat=True)),
                "books": books(order),
                "history": history(order.public_id, payment.public_id)[3:],
                "facts": [
                    (e.topic, e.payload, e.created_at, e.not_before, e.tries)
                    for e in OutboxEvent.objects.order_by("id")[before:]
                ],
            }
        )
    assert results[0] == results[1]
    assert Journal.objects.filter(kind="unit.delivered").count() == 2


def test_settling_late_money_keeps_the_walk() -> None:
    order = order_of(place(item(stocked(1))))
    with transaction.atomic():
        Order.objects.filter(pk=order.pk).update(state="closed")
        made = settlement_of(order)
        settle(made, by="provider:localpay", now=clock.now())
    walk = [(row["was"], row["became"]) for row in history(order.public_id)][1:]
    assert walk == [
        ("closed", "late_paid"),
        ("late_paid", "fulfilling"),
        ("fulfilling", "delivered"),
    ]
