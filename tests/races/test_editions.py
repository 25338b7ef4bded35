"""The last pieces of an edition: 64 buyers, ten numbers, each once; and what happens without the locks."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import timedelta

import pytest
from django.db import connection, connections

from catalog import snapshot
from core import clock, ledger
from core.crypto import ensure_data_key, forget_keys
from core.faults import without
from core.invariants import check_all
from core.tx import step
from fulfillment.models import Certificate, CertificateLink, Edition
from fulfillment.services.hold import SoldOut, hold
from fulfillment.services.open_deliveries import open_deliveries
from fulfillment.units import HoldLine, OpenLine
from tests.factories.editions import keep, make_edition, pay, sell
from tests.factories.wallet import claim, given
from tests.races.crowd import crowd

pytestmark = pytest.mark.usefixtures("committed")
LAST, BUYERS = 10, 64
PATIENCE = 20.0


@pytest.fixture(autouse=True)
def _fresh(committed: None) -> Iterator[None]:
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys, clock.forget):
        forget()
    ensure_data_key()
    yield
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys):
        forget()


def rush(edition: Edition) -> list[str]:
    """Everybody orders and pays at once; what became of each, by name of the error."""
    outcomes: list[str] = []
    lock = threading.Lock()

    def buyer(number: int) -> None:
        try:
            opened = pay(edition, keep(edition), owner=f"usr_{number}")
            outcome = "short" if opened.short else "bought"
        except SoldOut:
            outcome = "sold out"
        except Exception as error:  # noqa: BLE001  a negative control may end at a constraint
            outcome = type(error).__name__
        with lock:
            outcomes.append(outcome)

    crowd(buyer, range(BUYERS))
    return outcomes


def healthy() -> list[str]:
    return [str(found) for found in check_all(now=clock.now(), only="INV-")]


def test_64_buyers_for_the_last_ten_numbers() -> None:
    edition = make_edition(LAST + 2)
    sell(edition, 2)
    outcomes = rush(edition)
    assert outcomes.count("bought") == LAST
    assert outcomes.count("sold out") == BUYERS - LAST
    numbers = Certificate.objects.filter(edition=edition).order_by("number")
    assert list(numbers.values_list("number", flat=True)) == list(range(1, LAST + 3))
    assert healthy() == []


def blocked() -> bool:
    """Whether anybody in this database waits for a lock."""
    with connection.cursor() as cursor:
        # A transaction sees who waits as it was when it first looked, unless it forgets that.
        cursor.execute("select pg_stat_clear_snapshot()")
        cursor.execute(
            "select count(*) from pg_stat_activity"
            " where datname = current_database() and wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def beside(first: Callable[[], object], second: Callable[[], object]) -> str:
    """Run `second` in a thread while `first` is done and not committed; what became of it."""
    told: list[str] = []

    def run() -> None:
        try:
            second()
            told.append("done")
        except Exception as error:  # noqa: BLE001  a negative control may end at a constraint
            told.append(type(error).__name__)
        finally:
            connections.close_all()

    other = threading.Thread(target=run)
    with step():
        first()
        other.start()
        # It waits for what the first one holds, or is through already.
        until = time.monotonic() + PATIENCE
        while not told and not blocked() and time.monotonic() < until:
            time.sleep(0.02)
    other.join()
    return told[0]


def holding(edition: Edition, reference: str) -> Callable[[], object]:
    now = clock.now()
    line = HoldLine("l1", edition.sku_id, 1)
    return lambda: hold(
        reference=reference,
        lines=[line],
        channel="main",
        until=now + timedelta(minutes=15),
        now=now,
    )


def opening(edition: Edition, reference: str) -> Callable[[], object]:
    line = OpenLine("l1", edition.sku_id, 1)
    return lambda: open_deliveries(
        reference=reference, owner=None, channel="main", lines=[line], now=clock.now()
    )


@pytest.mark.parametrize(("guarded", "ends"), [(True, "SoldOut"), (False, "done")])
def test_the_last_piece_is_promised_once(guarded: bool, ends: str) -> None:
    """With the guard off two buyers hold one piece: the negative control."""
    edition = make_edition(1)
    off = nullcontext() if guarded else without("editions.place")
    with off:
        second = step()(holding(edition, "ord_SECOND"))
        assert beside(holding(edition, "ord_FIRST"), second) == ends


@pytest.mark.parametrize(("guarded", "ends"), [(True, "done"), (False, "IntegrityError")])
def test_a_number_is_given_once(guarded: bool, ends: str) -> None:
    """With the guard off the second one would get the first one's number: the negative control."""
    edition = make_edition(5)
    first, second = keep(edition), keep(edition)
    off = nullcontext() if guarded else without("editions.number")
    with off:
        late = step()(opening(edition, second))
        assert beside(opening(edition, first), late) == ends
    assert healthy() == []


def test_one_thing_given_to_many_has_one_chain() -> None:
    (one,) = sell(make_edition(1), owner="usr_GIVER")
    gift = given(one.entitlement)
    done: list[int] = []

    def friend(number: int) -> None:
        try:
            claim(gift, f"usr_{number}")
        except Exception:  # noqa: BLE001  all but one are refused
            return
        done.append(number)

    crowd(friend, range(16), threads=16)
    assert len(done) == 1
    assert list(CertificateLink.objects.order_by("number").values_list("what", flat=True)) == [
        "issued", "given",
    ]  # fmt: skip
    assert healthy() == []
