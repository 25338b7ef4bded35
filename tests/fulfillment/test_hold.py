"""Holding units: all or nothing, first to expire first, and never a false "sold out"."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from core import clock
from core.models import StateChange
from core.tx import NotInStep, step
from fulfillment.models import Code
from fulfillment.services.hold import HoldLine, SoldOut, hold
from fulfillment.services.release import release, release_overdue
from tests.factories.fulfillment import make_goods, make_stock

pytestmark = pytest.mark.django_db
REF = "ord_TEST"


def take(*lines: HoldLine, reference: str = REF, minutes: int = 15) -> None:
    now = clock.now()
    with step():
        hold(
            reference=reference, lines=lines, until=now + timedelta(minutes=minutes),
            channel="main", now=now,
        )  # fmt: skip


def held(reference: str = REF) -> list[Code]:
    return list(Code.objects.filter(state="held", held_by=reference))


def test_it_needs_a_step(settings: object) -> None:
    connection.needs_rollback = False
    with pytest.raises(NotInStep):
        _outside_a_transaction()


def _outside_a_transaction() -> None:
    blocks, connection.in_atomic_block = connection.in_atomic_block, False
    try:
        hold(reference=REF, lines=[], until=clock.now(), channel="main", now=clock.now())
    finally:
        connection.in_atomic_block = blocks


def test_ten_units_are_ten_different_codes() -> None:
    sku = make_stock(12)
    take(HoldLine("a", sku.pk, 10))
    assert len({code.pk for code in held()}) == 10
    assert Code.objects.filter(state="available").count() == 2


def test_one_sku_costs_one_statement() -> None:
    sku = make_stock(3)
    take(HoldLine("a", sku.pk, 1), reference="warm")
    now = clock.now()
    with step(), CaptureQueriesContext(connection) as queries:
        hold(reference=REF, lines=[HoldLine("a", sku.pk, 1)], until=now, channel="main", now=now)
    assert len(queries) == 1


def test_lines_of_one_sku_keep_their_own_units() -> None:
    sku = make_stock(5)
    take(HoldLine("a", sku.pk, 2), HoldLine("b", sku.pk, 3))
    assert sorted(code.held_line for code in held()) == ["a", "a", "b", "b", "b"]


def test_first_to_expire_is_first_held() -> None:
    today = date(2031, 1, 1)
    sku = make_stock(3, expires_on=today + timedelta(days=9))
    make_stock(2, sku=sku, expires_on=today)
    make_stock(2, sku=sku)
    take(HoldLine("a", sku.pk, 4))
    days = sorted(code.expires_on for code in held())
    assert days == [today, today, today + timedelta(days=9), today + timedelta(days=9)]


def test_a_code_past_its_day_is_never_held() -> None:
    sku = make_stock(1)
    Code.objects.update(expires_on=date(2020, 1, 1))
    with pytest.raises(SoldOut):
        take(HoldLine("a", sku.pk, 1))


def test_one_empty_line_holds_nothing_and_names_every_short_sku() -> None:
    full, empty, bare = make_stock(3), make_goods(), make_goods()
    now = clock.now()
    with step(), pytest.raises(SoldOut) as caught:
        hold(
            reference=REF, until=now + timedelta(minutes=15), channel="main", now=now,
            lines=[
                HoldLine("a", full.pk, 3), HoldLine("b", empty.pk, 1), HoldLine("c", bare.pk, 1)
            ],
        )  # fmt: skip
        # Even if the caller goes on and commits.
    assert set(caught.value.sku_ids) == {empty.pk, bare.pk}
    assert held() == []


def test_short_by_one_holds_nothing() -> None:
    sku = make_stock(2)
    now = clock.now()
    with step(), pytest.raises(SoldOut):
        hold(reference=REF, lines=[HoldLine("a", sku.pk, 3)], until=now, channel="main", now=now)
    assert Code.objects.filter(state="available").count() == 2


def test_goods_without_a_pool_pass() -> None:
    take(HoldLine("a", make_goods("topup").pk, 2))
    assert held() == []


@pytest.mark.parametrize("quantity", [0, -1])
def test_no_units_make_no_sense(quantity: int) -> None:
    with pytest.raises(ValueError, match="no units"):
        take(HoldLine("a", make_goods().pk, quantity))


def test_overdue_holds_are_freed_before_anybody_is_sent_away() -> None:
    sku = make_stock(1)
    take(HoldLine("a", sku.pk, 1), reference="slow", minutes=-1)
    take(HoldLine("a", sku.pk, 1))
    assert [code.held_by for code in held()] == [REF]
    assert "slow" in StateChange.objects.get(entity="code", was="held").why


def test_a_hold_in_time_is_nobody_elses() -> None:
    sku = make_stock(1)
    take(HoldLine("a", sku.pk, 1), reference="slow")
    with pytest.raises(SoldOut):
        take(HoldLine("a", sku.pk, 1))
    assert len(held("slow")) == 1


def test_release_gives_back_what_is_held_and_only_that() -> None:
    sku = make_stock(4)
    take(HoldLine("a", sku.pk, 2))
    take(HoldLine("a", sku.pk, 1), reference="other")
    with step():
        assert release(reference=REF, now=clock.now(), why="canceled") == 2
        assert release(reference=REF, now=clock.now(), why="canceled") == 0
    assert Code.objects.filter(state="available", held_by="", held_until=None).count() == 3
    assert len(held("other")) == 1


def test_release_overdue_takes_no_more_than_asked() -> None:
    sku = make_stock(5)
    take(HoldLine("a", sku.pk, 5), minutes=-1)
    with step():
        assert release_overdue(now=clock.now(), units=3) == 3
        assert release_overdue(now=clock.now(), units=3) == 2


def test_the_trigger_refuses_a_way_around() -> None:
    sku = make_stock(1)
    take(HoldLine("a", sku.pk, 1))
    with pytest.raises(Exception, match="Invalid transition"), transaction.atomic():
        Code.objects.update(state="void", held_by="", held_until=None)


def test_the_statement_reads_the_pool_by_its_own_index() -> None:
    """The planner's temptations: the primary key for an order, the whole table for a join."""
    from fulfillment.services import hold as module

    sku = make_stock(300)
    parameters: dict[str, Any] = {
        "reference": REF, "until": clock.now(), "today": date(2026, 1, 1), "sku": sku.pk,
        "units": 2, "lines": ["a", "a"], "spin": 1 << 29, "channel": "main",
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
        cursor.execute("explain " + module.PLAIN.skipping, parameters)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert plan.count("using fulfillment_code_free") == 4
    assert "Hash Join" not in plan
    assert "Sort" not in plan
