import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.db.utils import DatabaseError, ProgrammingError

from core import clock, ledger
from core.ledger import ChartRow, Line
from core.models import Journal, Posting
from core.tx import NotInStep, step


@pytest.fixture(autouse=True, scope="module")
def _purse() -> None:
    if "purse" not in ledger.CHART:
        ledger.CHART.register("purse", ChartRow("liability", "A purse of the tests", floor=0))


def _post(key: str, *lines: Line) -> bool:
    with step():
        return ledger.post(key=key, kind="test", lines=lines, now=clock.now())


def _fill(purse: str, amount: int, key: str) -> bool:
    return _post(key, Line("bank", amount), Line(purse, -amount))


@pytest.mark.django_db
def test_posts_once_per_key() -> None:
    assert _post("k1", Line("bank", 500, "ord_A"), Line("writeoff", -500, "ord_A"))
    assert not _post("k1", Line("bank", 500, "ord_A"), Line("writeoff", -500, "ord_A"))
    assert ledger.balance("bank", subject="ord_A") == 500
    assert Journal.objects.filter(key="k1").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "lines",
    [
        [Line("bank", 5), Line("writeoff", -4)],
        [Line("bank", 5), Line("writeoff", -5, currency="USD")],
        [Line("bank", 5)],
    ],
)
def test_refuses_what_does_not_balance(lines: list[Line]) -> None:
    with pytest.raises(ledger.Unbalanced):
        _post("bad", *lines)
    assert not Journal.objects.exists()


@pytest.mark.django_db
def test_refuses_an_account_nobody_registered() -> None:
    with pytest.raises(ledger.UnknownAccount):
        _post("bad", Line("bank", 5), Line("pocket", -5))


@pytest.mark.django_db
def test_needs_a_step_around_it() -> None:
    # The test case's own transaction counts as one, so ask on a connection of its own.
    def outside() -> None:
        try:
            with pytest.raises(NotInStep):
                ledger.post(
                    key="k",
                    kind="test",
                    lines=[Line("bank", 1), Line("writeoff", -1)],
                    now=clock.now(),
                )
        finally:
            connections.close_all()

    thread = threading.Thread(target=outside)
    thread.start()
    thread.join()


def test_the_database_itself_refuses_an_unbalanced_journal(committed: None) -> None:
    _post("opens accounts", Line("bank", 1), Line("writeoff", -1))
    # The trigger is deferred: it is the end of the transaction that fails.
    with pytest.raises(DatabaseError, match="not balanced"), transaction.atomic():  # noqa: PT012
        journal = Journal.objects.create(key="sly", kind="test", at=clock.now())
        Posting.objects.create(journal=journal, account_id="bank", amount=7)


@pytest.mark.parametrize(
    "statement", ["update core_posting set amount = 1", "delete from core_journal"]
)
def test_history_cannot_be_rewritten_even_by_the_owner(
    committed: None, owner_sql: Callable[..., Any], statement: str
) -> None:
    _post("k", Line("bank", 1), Line("writeoff", -1))
    with pytest.raises(Exception, match="Cannot update or delete"):
        owner_sql(statement)


@pytest.mark.parametrize(
    "table",
    ["core_posting", "core_journal", "core_auditentry", "core_auditseal", "core_statechange"],
)
def test_the_app_role_cannot_truncate(committed: None, table: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute(f"truncate {table} cascade")


def test_a_floor_holds_under_parallel_spending(committed: None) -> None:
    """100 in the purse, 32 spend 60 at once: one succeeds (D04)."""
    _fill("purse:1", 100, "fill")
    won, lost = [], []

    def spend(n: int) -> None:
        try:
            _post(f"spend:{n}", Line("purse:1", 60), Line("bank", -60))
            won.append(n)
        except ledger.FloorBreached:
            lost.append(n)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=spend, args=(n,)) for n in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 31)
    assert ledger.balance("purse:1") == -40


def test_without_the_floor_the_same_spending_goes_under(
    committed: None, owner_sql: Callable[..., Any]
) -> None:
    """Negative control of the race above."""
    owner_sql("alter table core_accountbalance drop constraint core_balance_floor")
    try:
        _fill("purse:2", 100, "fill2")
        for n in range(3):
            _post(f"spend2:{n}", Line("purse:2", 60), Line("bank", -60))
        assert ledger.balance("purse:2") == 80
    finally:
        owner_sql("truncate core_accountbalance")
        owner_sql(
            "alter table core_accountbalance add constraint core_balance_floor check (floor <= balance * sign)"
        )


def test_the_same_event_from_four_threads_is_posted_once(committed: None) -> None:
    _post("opens accounts", Line("bank", 1), Line("writeoff", -1))
    posted: list[bool] = []

    def run() -> None:
        try:
            posted.extend(
                _post(f"event:{n}", Line("bank", 3), Line("writeoff", -3)) for n in range(50)
            )
        except DatabaseError as error:  # pragma: no cover - would fail the count below
            posted.append(bool(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (posted.count(True), posted.count(False)) == (50, 150)
    assert Journal.objects.filter(key__startswith="event:").count() == 50
