"""What really commits: refusals outlive their order, and the invariants can fail."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from core import clock, invariants
from core.tx import step
from risk.models import Assessment, OpenBudget
from risk.services.assess import assess
from risk.services.record_refusal import record_refusal
from tests.factories.risk import make_entry, make_facts


def test_a_refusal_outlives_the_rolled_back_order(committed: None) -> None:
    make_entry("203.0.113.9")
    now = clock.now()
    with step():
        found = assess(point="order", subject="ord_X", facts=make_facts(), now=now)
        transaction.set_rollback(True)
    assert found.stops
    assert not Assessment.objects.exists()
    record_refusal(assessment=found, now=now)
    record_refusal(assessment=found, now=now)
    row = Assessment.objects.get()
    assert (row.verdict, row.subject, row.public_id) == ("refuse", "ord_X", found.public_id)
    assert not OpenBudget.objects.exists()


@pytest.mark.parametrize(
    ("invariant", "break_it"),
    [
        ("INV-R1", "update core_limitcount set used = used + 1 where key like 'budget:%%'"),
        ("INV-R1", "update risk_openbudget set given_back_at = now()"),
        ("INV-R1", "delete from core_limitcount"),
        ("INV-R2", "update risk_listentry set reason = ''"),
    ],
)
def test_invariants_can_fail(
    committed: None, owner_sql: Callable[..., Any], invariant: str, break_it: str
) -> None:
    with step():
        assess(point="order", subject="ord_X", facts=make_facts(), now=clock.now())
    make_entry("198.51.100.1")
    assert not invariants.check_all(now=clock.now(), only="INV-R")
    owner_sql(break_it, [])
    assert [v.invariant.id for v in invariants.check_all(now=clock.now(), only="INV-R")] == [
        invariant
    ]
