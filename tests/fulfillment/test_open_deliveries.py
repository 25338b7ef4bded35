"""Opening what was paid for: the wide statement, what is missing, what comes later."""

import dataclasses
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Sku
from core import clock, ledger, outbox, transitions
from core.invariants import check_all
from core.models import Journal, OutboxEvent, Posting, StateChange
from core.tx import step
from fulfillment import postings
from fulfillment.events import Delivered
from fulfillment.models import Code, CodeIssue, Delivery, Entitlement
from fulfillment.models.code import NEVER
from fulfillment.queries.goods import end_of_day
from fulfillment.services.hold import HoldLine, hold
from fulfillment.services.open_deliveries import Opened, OpenLine, open_deliveries
from fulfillment.services.pool.expire_codes import expire_codes
from fulfillment.services.release import release
from tests.factories.fulfillment import make_goods, make_stock

pytestmark = pytest.mark.django_db
REF = "ord_TEST"
SOON = timedelta(minutes=15)
LAST_DAY = timezone.localdate() + timedelta(days=30)


def keep(*lines: HoldLine, reference: str = REF) -> None:
    now = clock.now()
    with step():
        hold(reference=reference, lines=lines, until=now + SOON, channel="main", now=now)


def open_(*lines: OpenLine, reference: str = REF, owner: str | None = None) -> Opened:
    with step():
        return open_deliveries(
            reference=reference, owner=owner, channel="main", lines=lines, now=clock.now()
        )


def assert_sound() -> None:
    assert [str(v) for v in check_all(now=clock.now()) if v.invariant.id[4] in "DSLA"] == []


def test_units_of_the_pool_are_delivered_at_once() -> None:
    sku = make_stock(3)
    keep(HoldLine("a", sku.pk, 2))
    opened = open_(OpenLine("a", sku.pk, 2), owner="usr_X")
    assert [(unit.line, unit.unit, unit.cost_minor) for unit in opened.delivered] == [
        ("a", 1, 9000), ("a", 2, 9000),
    ]  # fmt: skip
    assert (opened.pending, opened.short) == (0, ())
    assert set(Delivery.objects.values_list("state", "owner")) == {("delivered", "usr_X")}
    assert Code.objects.filter(state="sold", held_by=REF, channel="main").count() == 2
    assert {unit.entitlement for unit in opened.delivered} == set(
        Entitlement.objects.values_list("public_id", flat=True)
    )
    assert ledger.balance("cogs", subject=REF) == 18_000
    assert_sound()


def test_it_is_one_statement() -> None:
    sku = make_stock(4)
    keep(HoldLine("a", sku.pk, 1), reference="warm")
    open_(OpenLine("a", sku.pk, 1), reference="warm")
    keep(HoldLine("a", sku.pk, 2))
    # The clock may read the database, whenever its last reading is old.
    now = clock.now()
    with step(), CaptureQueriesContext(connection) as queries:
        open_deliveries(
            reference=REF, owner=None, channel="main", lines=[OpenLine("a", sku.pk, 2)], now=now
        )
    # Accounts are remembered from the first commit on; a test never commits.
    assert len([q for q in queries if "core_ledgeraccount" not in (q["sql"] or "")]) == 1


def held_before_midnight(sku: Sku, units: int) -> datetime:
    """Units held two minutes before their last day ends; returns two minutes after it has."""
    midnight = datetime.combine(
        LAST_DAY + timedelta(days=1), time.min, timezone.get_default_timezone()
    )
    now = midnight - timedelta(minutes=2)
    with step():
        hold(
            reference=REF, lines=[HoldLine("a", sku.pk, units)], until=now + SOON, channel="main",
            now=now,
        )  # fmt: skip
    return midnight + timedelta(minutes=2)


def test_a_code_held_on_its_last_day_is_not_delivered_on_the_next() -> None:
    sku = make_stock(2, expires_on=LAST_DAY)
    later = held_before_midnight(sku, 2)
    make_stock(1, sku=sku)
    make_stock(1, sku=sku, expires_on=LAST_DAY + timedelta(days=1))
    with step():
        opened = open_deliveries(
            reference=REF, owner=None, channel="main", lines=[OpenLine("a", sku.pk, 2)], now=later
        )
    assert len(opened.delivered) == 2
    sold = Code.objects.filter(state="sold").order_by("expires_on")
    assert [code.expires_on for code in sold] == [LAST_DAY + timedelta(days=1), NEVER]
    assert not Code.objects.filter(state="held").exists()
    assert expire_codes(now=later) == 2
    assert_sound()


def test_where_all_that_was_held_has_expired_the_stock_is_short() -> None:
    sku = make_stock(1, expires_on=LAST_DAY)
    later = held_before_midnight(sku, 1)
    with step():
        opened = open_deliveries(
            reference=REF, owner=None, channel="main", lines=[OpenLine("a", sku.pk, 1)], now=later
        )
    assert (opened.delivered, opened.short) == ((), (sku.pk,))
    assert Code.objects.get().state == "available"
    assert expire_codes(now=later) == 1
    assert_sound()


def test_a_hold_that_was_given_away_is_taken_again() -> None:
    sku = make_stock(2)
    keep(HoldLine("a", sku.pk, 2))
    with step():
        release(reference=REF, now=clock.now(), why="overdue")
    assert len(open_(OpenLine("a", sku.pk, 2)).delivered) == 2
    assert_sound()


def test_short_means_that_nothing_at_all_was_opened() -> None:
    sku, other = make_stock(2), make_goods("topup")
    keep(HoldLine("a", sku.pk, 2))
    Code.objects.filter(pk=Code.objects.first().pk).update(  # type: ignore[union-attr]
        state="available", held_by="", held_line="", held_until=None
    )
    keep(HoldLine("z", sku.pk, 1), reference="thief")
    opened = open_(OpenLine("a", sku.pk, 2), OpenLine("b", other.pk, 1))
    assert opened == Opened(short=(sku.pk,))
    assert not Delivery.objects.exists()
    assert Code.objects.filter(state="held", held_by=REF).count() == 1


def test_somebody_elses_units_are_never_opened() -> None:
    sku = make_stock(1)
    keep(HoldLine("a", sku.pk, 1), reference="other")
    assert open_(OpenLine("a", sku.pk, 1)).short == (sku.pk,)
    assert Code.objects.get().held_by == "other"


def test_the_second_call_opens_nothing_new() -> None:
    sku = make_stock(5)
    keep(HoldLine("a", sku.pk, 1))
    first = open_(OpenLine("a", sku.pk, 1))
    assert open_(OpenLine("a", sku.pk, 1)).delivered == first.delivered
    assert Delivery.objects.count() == CodeIssue.objects.count() == 1


def test_top_ups_wait_in_their_own_queue_with_a_sealed_recipient() -> None:
    sku = make_goods("topup")
    opened = open_(OpenLine("a", sku.pk, 2, {"phone": "+8613800138000"}))
    assert (opened.delivered, opened.pending) == ((), 2)
    rows = list(Delivery.objects.order_by("unit"))
    assert [(row.state, row.unit) for row in rows] == [("pending", 1), ("pending", 2)]
    assert rows[0].not_before is not None
    assert b"13800138000" not in bytes(rows[0].target or b"")
    assert "13800138000" not in rows[0].target_masked
    assert rows[0].target_masked.endswith("8000")
    assert StateChange.objects.filter(entity="delivery", became="pending").count() == 2
    assert open_(OpenLine("a", sku.pk, 2)).pending == 2
    assert Delivery.objects.count() == 2


def test_mixed_orders_open_both_kinds() -> None:
    card, topup = make_stock(1), make_goods("topup")
    keep(HoldLine("a", card.pk, 1), HoldLine("b", topup.pk, 1))
    opened = open_(OpenLine("a", card.pk, 1), OpenLine("b", topup.pk, 1, {"phone": "13800138000"}))
    assert (len(opened.delivered), opened.pending) == (1, 1)


def test_goods_made_here_are_delivered_with_their_validity() -> None:
    sku = make_goods("voucher", validity_kind="from_purchase", validity_days=30)
    opened = open_(OpenLine("a", sku.pk, 1))
    assert len(opened.delivered) == 1
    entitlement = Entitlement.objects.get()
    assert entitlement.valid_until is not None
    assert (
        timedelta(days=30) < entitlement.valid_until - entitlement.valid_from <= timedelta(days=31)
    )
    assert_sound()


def test_a_codes_last_day_ends_in_the_shops_time_zone() -> None:
    sku = make_stock(1, expires_on=date(2031, 5, 1))
    keep(HoldLine("a", sku.pk, 1))
    open_(OpenLine("a", sku.pk, 1))
    assert Entitlement.objects.get().valid_until == end_of_day(date(2031, 5, 1))


def test_free_stock_costs_nothing_and_posts_nothing() -> None:
    sku = make_stock(1, sku=make_goods(cost_minor=0))
    keep(HoldLine("a", sku.pk, 1))
    assert open_(OpenLine("a", sku.pk, 1)).delivered[0].cost_minor == 0
    assert not Journal.objects.exists()
    assert_sound()


def _plain(reference: str, owner: str, line: OpenLine) -> None:
    """The same act in the plain functions of core and the ORM: what the wide statement must equal."""
    now = clock.now()
    for unit, code in enumerate(Code.objects.filter(held_by=reference).select_related("batch"), 1):
        transitions.move(
            Code, code.pk, from_=["held"], to="sold", now=now, by="system", sold_at=now,
            held_until=None, channel="main",
        )  # fmt: skip
        delivery = Delivery.objects.create(
            reference=reference, line=line.line, unit=unit, owner=owner, channel="main",
            sku_id=line.sku_id, kind="pool", state="delivered", cost_minor=code.batch.cost_minor,
            created_at=now, delivered_at=now,
        )  # fmt: skip
        transitions.begin(
            entity="delivery", subject=delivery.public_id, state="delivered", now=now, by="system",
            why="opened",
        )  # fmt: skip
        CodeIssue.objects.create(code=code, delivery=delivery, at=now)
        Entitlement.objects.create(
            owner=owner, reference=reference, delivery=delivery, sku_id=line.sku_id, kind="pool",
            valid_from=now, created_at=now,
            valid_until=None if code.expires_on == NEVER else end_of_day(code.expires_on),
        )  # fmt: skip
        postings.pool_cost(
            delivery=delivery.public_id, reference=reference, cost_minor=code.batch.cost_minor,
            currency="CNY", now=now,
        )  # fmt: skip
        outbox.publish(
            Delivered(
                reference,
                line.line,
                delivery.public_id,
                unit,
                line.sku_id,
                "main",
                owner,
                code.batch.cost_minor,
                "CNY",
                counted=True,
            )
        )


def _shape(reference: str) -> dict[str, Any]:
    """Every row that an opening leaves, without what differs by its nature (ids and moments)."""
    unlike = {"id", "public_id", "created_at", "delivered_at", "at", "sold_at", "valid_from",
              "journal_id", "delivery_id", "code_id", "subject", "key", "sealed", "index", "masked",
              "spin", "not_before", "payload", "expires_on", "state_changed", "reference",
              "held_by"}  # fmt: skip
    ids = Delivery.objects.filter(reference=reference).values_list("public_id", flat=True)
    keys = [postings.cost_key(public_id) for public_id in ids]
    events = OutboxEvent.objects.filter(payload__reference=reference)
    rows = {
        "delivery": Delivery.objects.filter(reference=reference),
        "entitlement": Entitlement.objects.filter(reference=reference),
        "issue": CodeIssue.objects.filter(delivery__reference=reference),
        "code": Code.objects.filter(held_by=reference),
        "journal": Journal.objects.filter(key__in=keys),
        "posting": Posting.objects.filter(journal__key__in=keys),
        "event": events,
        "history": StateChange.objects.filter(subject__in=list(ids)),
    }
    shape: dict[str, Any] = {
        name: sorted(
            str({k: v for k, v in row.items() if k not in unlike}) for row in queryset.values()
        )
        for name, queryset in rows.items()
    }
    fields = [f.name for f in dataclasses.fields(Delivered)]
    shape["payload"] = sorted(
        str([(f, e.payload[f]) for f in fields if f not in ("reference", "delivery")])
        for e in events
    )
    shape["payload_keys"] = [sorted(e.payload) == sorted(fields) for e in events]
    return shape


def test_parity_with_the_plain_functions() -> None:
    sku = make_stock(3, expires_on=date(2031, 5, 1))
    make_stock(3, sku=sku, expires_on=date(2031, 5, 1))
    line = OpenLine("a", sku.pk, 3)
    keep(HoldLine("a", sku.pk, 3), reference="wide")
    open_(line, reference="wide", owner="usr_X")
    keep(HoldLine("a", sku.pk, 3), reference="plain")
    with step():
        _plain("plain", "usr_X", line)
    wide, plain = _shape("wide"), _shape("plain")
    for shape in (wide, plain):  # Which of the two batches a unit came from is chance.
        for name in ("code",):
            shape[name] = sorted(text.split("'batch_id'")[0] for text in shape[name])
    assert wide == plain
    assert all(wide["payload_keys"])
    assert len(wide["event"]) == 3
    assert_sound()
