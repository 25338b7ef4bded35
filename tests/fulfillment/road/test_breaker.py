"""The circuit to a supplier: opens on bad answers, lets a probe through, never stops a question."""

from datetime import datetime, timedelta

import pytest
from pytest_django import Settings

from core import clock
from fulfillment.models import Supplier, SupplierEvent
from fulfillment.queries.breaker import paused_until
from simulators.supplier_c.script import Supplier as Script
from tests.factories.supply import advance, drive, last_attempt, make_topup, open_unit


@pytest.fixture(autouse=True)
def _real_time(settings: Settings) -> None:
    settings.SUPPLY_TIME_SCALE = 1.0


def heard(supplier: Supplier, verdicts: str, *, end: datetime, gap_seconds: float = 1.0) -> None:
    """Answers, oldest first: u unknown, n not sent, g good."""
    words = {"u": "unknown", "n": "not_sent", "g": "accepted"}
    SupplierEvent.objects.bulk_create(
        SupplierEvent(
            supplier=supplier, source="answer", verdict=words[one], trusted=one == "g",
            at=end - timedelta(seconds=gap_seconds * (len(verdicts) - 1 - place)),
        )
        for place, one in enumerate(verdicts)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("verdicts", "pause"),
    [
        ("u" * 9, None), ("u" * 10, 30), ("n" * 5 + "u" * 5, 30), ("u" * 9 + "g", None),
        ("u" * 20, 60), ("u" * 50, 480), ("u" * 60, 600), ("g" + "u" * 10, 30),
        ("gu" * 10, 30), ("gu" * 9, None), ("ug" * 10, None), ("g" * 12 + "u" * 8, None),
    ],
)  # fmt: skip
def test_when_it_opens_and_for_how_long(
    supplier: Supplier, verdicts: str, pause: float | None
) -> None:
    now = clock.now()
    heard(supplier, verdicts, end=now)
    until = paused_until(supplier.pk, now=now)
    assert until == (None if pause is None else now + timedelta(seconds=pause))


def test_other_suppliers_and_other_messages_do_not_count(supplier: Supplier) -> None:
    now = clock.now()
    heard(Supplier.objects.create(code="other", name="Other"), "u" * 20, end=now)
    SupplierEvent.objects.bulk_create(
        SupplierEvent(supplier=supplier, source="query", verdict="unknown", trusted=False, at=now)
        for _turn in range(20)
    )
    assert paused_until(supplier.pk, now=now) is None


def test_nothing_new_is_bought_and_questions_still_flow(
    supplier: Supplier, script: Script, settings: Settings
) -> None:
    """C08: closed, open, half open, closed."""
    settings.SUPPLY_TIME_SCALE = 0.02
    under_way = open_unit(make_topup(supplier))
    script.fault("stuck", op="order", state="SUBMITTED")
    advance(under_way)
    heard(supplier, "u" * 10, end=clock.now())
    unit = open_unit(make_topup(supplier))
    advance(unit)
    assert (unit.state, unit.reason, unit.attempts.count()) == ("pending", "breaker", 0)
    script.finish(last_attempt(under_way).number, "COMPLETED")
    drive(under_way)
    assert under_way.state == "delivered"
    drive(unit)
    assert unit.state == "delivered"
    assert paused_until(supplier.pk, now=clock.now()) is None
