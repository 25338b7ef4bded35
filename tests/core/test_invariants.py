"""Every invariant of core is seen to fail when it is broken on purpose (R-INV-2)."""

from collections.abc import Callable
from typing import Any

import pytest

from core import audit, clock, invariants, ledger
from core.ledger import Line
from core.tx import step

BREAKS = {
    "INV-L1": "update core_posting set amount = amount + 1 where amount > 0",
    "INV-L2": "delete from core_posting where amount > 0",
    "INV-L3": "update core_accountbalance set balance = balance - 1",
    "INV-L4": "update core_accountbalance set floor = 10 ^ 9",
    "INV-L5": "delete from core_accountbalance",
    "INV-L8": "insert into core_accountbalance (account_id, currency, balance, sign, floor, version)"
    " select account_id, currency, balance, sign, floor, version from core_accountbalance",
    "INV-O1": "insert into core_outboxevent (topic, payload, created_at, not_before, tries, last_error)"
    " values ('x', '{}', now() - interval '1 hour', now(), 0, '')",
    "INV-A1": "insert into core_approval (public_id, action, subject, payload, payload_sha, reason, state, maker,"
    " requested_at, expires_at, checker, note, executed_at, executed_sha) values ('apr_X', 'a', 's', '{}', 'x', '',"
    " 'executed', 'usr_A', now(), now(), 'usr_B', '', now(), 'other')",
    "INV-A3": "delete from core_auditseal where seq = 1",
}
LOOSENS = {
    "INV-L4": ["alter table core_accountbalance drop constraint core_balance_floor"],
    "INV-L8": ["alter table core_accountbalance drop constraint core_balance_once"],
}
RESTORES = {
    "INV-L4": [
        "truncate core_accountbalance",
        "alter table core_accountbalance add constraint core_balance_floor check (floor <= balance * sign)",
    ],
    "INV-L8": [
        "truncate core_accountbalance",
        "alter table core_accountbalance add constraint core_balance_once unique (account_id, currency)",
    ],
}


@pytest.fixture
def books(committed: None) -> None:
    if "purse" not in ledger.CHART:
        ledger.CHART.register(
            "purse", ledger.ChartRow("liability", "A purse of the tests", floor=0)
        )
    for n in range(2):
        with step():
            ledger.post(
                key=f"k{n}",
                kind="test",
                lines=[Line("bank", 100), Line("purse:9", -100)],
                now=clock.now(),
            )
            audit.record(tag="switch:thrown", by="x", subject="y", now=clock.now())
    audit.seal(now=clock.now())


def test_all_hold_on_honest_books(books: None) -> None:
    assert invariants.check_all(now=clock.now(), grace=0) == []


@pytest.mark.parametrize("broken", sorted(BREAKS))
def test_each_is_able_to_fail(books: None, owner_sql: Callable[..., Any], broken: str) -> None:
    for statement in LOOSENS.get(broken, []):
        owner_sql(statement)
    try:
        owner_sql("set session_replication_role = replica")
        owner_sql(BREAKS[broken])
        found = invariants.check_all(now=clock.now())
        assert broken in {violation.invariant.id for violation in found}
        assert all(violation.rows for violation in found)
    finally:
        for statement in RESTORES.get(broken, []):
            owner_sql(statement)


def test_the_list_of_breaks_is_complete() -> None:
    from core.books import INVARIANTS

    assert {row[0] for row in INVARIANTS} == set(BREAKS)
