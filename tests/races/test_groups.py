"""Groups under many buyers at once: one for the last seat, and one answer at the deadline (M4)."""

import os
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from catalog import snapshot
from core import clock, ledger
from core.crypto import ensure_data_key, forget_keys
from core.faults import without
from core.invariants import check_all
from core.tx import step
from orders.models import BuyGroup, GroupBuy, GroupSeat, Order
from orders.queries import promotions
from orders.services.fill_waits import end_overdue_waits, fill_groups
from orders.services.groups.end_group import end_group, expire_groups
from orders.services.place_order import LimitReached, PriceChanged, Refused
from tests.factories.catalog import make_sku
from tests.factories.groups import group_of, make_group_buy, place_in_group, sit_down
from tests.factories.orders import pay
from tests.races.crowd import comes_up, crowd

pytestmark = pytest.mark.usefixtures("committed")
BUYERS = 24
# RACE_SCALE=1 runs the full number of rounds.
ROUNDS = max(20, int(300 * float(os.environ.get("RACE_SCALE", "0.1"))))
BLOCKED = "select count(*) from pg_locks where not granted and pid <> pg_backend_pid()"


@pytest.fixture(autouse=True)
def _quiet(committed: None, settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.STATE_DIR = tmp_path
    settings.TEST_HOOKS = True
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys, promotions.forget):
        forget()
    ensure_data_key()
    yield
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys, promotions.forget):
        forget()


def endless(**more: Any) -> GroupBuy:
    """Of something that needs no stock, so that only the seats are scarce."""
    return make_group_buy(make_sku(kind="topup", price_minor=9000, cost_minor=1), **more)


def first_of(buy: GroupBuy, name: str = "ann") -> Order:
    """A paid seat in a new group."""
    order = sit_down(buy, f"{name}@example.com")
    pay(order)
    return order


def rush(buy: GroupBuy, group: BuyGroup) -> int:
    """All want the last seat at one moment; returns how many seats are taken then."""

    def join(contact: str) -> None:
        try:
            place_in_group(buy, contact, group=group)
        except (LimitReached, PriceChanged, Refused):
            return

    crowd(join, [f"person{n}@example.com" for n in range(BUYERS)])
    return GroupSeat.objects.filter(group=group).exclude(state="left").count()


def sound() -> bool:
    found = check_all(now=clock.now(), grace=1, only="INV-GB")
    assert not found, found
    return True


def test_one_of_many_has_the_last_seat() -> None:
    buy = endless(size=2)
    group = group_of(first_of(buy))
    assert rush(buy, group) == 2
    assert sound()


def test_without_the_guard_the_last_seat_has_many() -> None:
    """Negative control: what the conditional update is for."""

    def overfull() -> bool:
        buy = endless(size=2)
        return rush(buy, group_of(first_of(buy))) > 2

    with without("orders.group"):
        assert comes_up(overfull)


def test_the_deadline_against_who_joins_and_pays_in_that_moment() -> None:
    """Either all get the goods or nobody does, however the moment falls."""
    buy = endless(size=2, per_person=1000)
    outcomes = set()
    for number in range(ROUNDS):
        ann = first_of(buy, f"ann{number}")
        group = group_of(ann)
        just = group.deadline - timedelta(milliseconds=1)
        ben = sit_down(buy, f"ben{number}@example.com", group=group)

        def run(act: str, group: BuyGroup = group, ben: Order = ben, just: Any = just) -> None:
            if act == "pay":
                pay(ben, now=just)
            else:
                expire_groups(now=group.deadline)

        crowd(run, ["pay", "expire"] if number % 2 else ["expire", "pay"])
        end_overdue_waits(now=group.deadline)
        fill_groups(now=group.deadline)
        states = set(Order.objects.filter(group_seat__group=group).values_list("state", flat=True))
        outcome = (group_of(ann).state, *sorted(states))
        # A top-up is on its way once it is opened; money on its way back is `failed` until then.
        assert outcome in {("full", "fulfilling"), ("expired", "failed")}, outcome
        outcomes.add(outcome)
    assert sound()


def overtaken(*, guarded: bool = True) -> tuple[str, str]:
    """A payment that begins while its group is being ended: states of the group and the order."""
    buy = endless(size=2)
    ann = first_of(buy, "ann")
    group = group_of(ann)
    ben = sit_down(buy, "ben@example.com", group=group)
    payer = threading.Thread(target=_pay_and_close, args=(ben,))
    guard = nullcontext() if guarded else without("orders.group")
    with guard:
        with step():
            end_group(group, why="its time is over", now=clock.now())
            payer.start()
            assert _somebody_waits()
        payer.join()
    ben.refresh_from_db()
    return group_of(ann).state, ben.state


def _pay_and_close(order: Order) -> None:
    try:
        pay(order)
    finally:
        connection.close()


def _somebody_waits() -> bool:
    """Whether the other one has come to the locked row; a minute is more than it ever takes."""
    turn = threading.Event()
    for _try in range(1200):
        with connection.cursor() as cursor:
            cursor.execute(BLOCKED)
            if cursor.fetchone()[0]:
                return True
        turn.wait(0.05)
    return False


def test_a_payment_that_waits_for_the_end_of_its_group_is_sent_back() -> None:
    assert overtaken() == ("expired", "paid")
    assert end_overdue_waits(now=clock.now()) == 1
    assert sound()


def test_without_the_guard_goods_leave_for_a_group_that_is_over() -> None:
    """Negative control: looking first and writing later is not enough."""
    assert overtaken(guarded=False) == ("expired", "fulfilling")
    found = check_all(now=clock.now(), grace=1, only="INV-GB")
    assert "INV-GB2" in [one.invariant.id for one in found]
