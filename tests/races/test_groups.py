"""Groups under many buyers at once: one for the last seat, and one answer at the deadline (M4)."""

import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog import snapshot
from core import clock, ledger
from core.crypto import ensure_data_key, forget_keys
from core.faults import without
from core.invariants import check_all
from core.tx import step
from orders.models import BuyGroup, GroupBuy, GroupSeat, Order
from orders.queries import promotions
from orders.services.close_order import expire_order
from orders.services.fill_waits import end_overdue_waits, fill_groups
from orders.services.groups.end_group import end_group, expire_groups
from orders.services.groups.take_seat import NoSeat
from orders.services.place_order import LimitReached, PriceChanged, Refused
from tests.factories.catalog import make_sku
from tests.factories.groups import group_of, make_group_buy, place_in_group, sit_down
from tests.factories.orders import pay
from tests.races.crowd import closing, comes_up, crowd, somebody_waits

pytestmark = pytest.mark.usefixtures("committed")
BUYERS = 24
# RACE_SCALE=1 runs the full number of rounds.
MOMENT = timedelta(milliseconds=1)
# Nobody sits down later than this before the deadline: there would be no time to pay.
LAST_SECOND = timedelta(seconds=1)
ROUNDS = max(20, int(300 * float(os.environ.get("RACE_SCALE", "0.1"))))


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


class Tie:
    """Lets the deadline come a little later after each race it won, and sooner after one it lost."""

    def __init__(self) -> None:
        self.seconds = 0.002

    def wait(self) -> None:
        threading.Event().wait(self.seconds)

    def note(self, *, won: bool) -> None:
        self.seconds = min(2.0, max(0.001, self.seconds * (1.5 if won else 0.7)))


def test_the_deadline_against_who_joins_and_pays_in_that_moment() -> None:
    """Either all get the goods or nobody does, however the moment falls."""
    buy = endless(size=2, per_person=1000, most_groups=ROUNDS)
    tie, outcomes = Tie(), Counter[tuple[str, ...]]()
    for number in range(ROUNDS):
        ann = first_of(buy, f"ann{number}")
        group = group_of(ann)
        ben = sit_down(buy, f"ben{number}@example.com", group=group)

        def run(act: str, group: BuyGroup = group, ben: Order = ben) -> None:
            if act == "pay":
                pay(ben, now=group.deadline - MOMENT)
            else:
                tie.wait()
                expire_groups(now=group.deadline)

        crowd(run, ["pay", "expire"])
        end_overdue_waits(now=group.deadline)
        fill_groups(now=group.deadline)
        states = set(Order.objects.filter(group_seat__group=group).values_list("state", flat=True))
        ended = group_of(ann).state
        outcome = (ended, *sorted(states))
        # A top-up is on its way once it is opened; money on its way back is `failed` until then.
        assert outcome in {("full", "fulfilling"), ("expired", "failed")}, outcome
        outcomes[outcome] += 1
        tie.note(won=ended == "expired")
    print(f"deadline against payment, {ROUNDS} rounds: {dict(outcomes)}")
    assert sound()


def test_the_deadline_against_who_sits_down_in_that_moment() -> None:
    """Whoever was too late has no order; whoever was in time keeps nothing of a group that is over."""
    buy = endless(size=2, per_person=1000, most_groups=ROUNDS)
    tie, outcomes = Tie(), Counter[str]()
    for number in range(ROUNDS):
        ann = first_of(buy, f"ann{number}")
        group = group_of(ann)
        seen: list[str] = []

        def run(
            act: str, number: int = number, group: BuyGroup = group, seen: list[str] = seen
        ) -> None:
            if act == "join":
                seen.append(joined(buy, f"ben{number}@example.com", group))
            else:
                tie.wait()
                expire_groups(now=group.deadline)

        crowd(run, ["join", "expire"])
        seats = GroupSeat.objects.filter(group=group).exclude(order=ann)
        assert [seat.state for seat in seats] == (["held"] if seen == ["joined"] else [])
        assert group_of(ann).taken == 1 + len(seats)
        end_overdue_waits(now=group.deadline)
        for order in Order.objects.filter(group_seat__in=seats):
            assert expire_order(order=order.public_id, now=group.deadline)
        ended = group_of(ann)
        assert (ended.state, ended.taken, ended.paid) == ("expired", 0, 0)
        ann.refresh_from_db()
        assert ann.state == "failed"
        outcomes[seen[0]] += 1
        tie.note(won=seen == ["too late"])
    print(f"deadline against joining, {ROUNDS} rounds: {dict(outcomes)}")
    assert sound()


def joined(buy: GroupBuy, contact: str, group: BuyGroup) -> str:
    """Sit down in the last moment before the deadline; what became of it."""
    try:
        place_in_group(buy, contact, group=group, now=group.deadline - LAST_SECOND)
    except NoSeat:
        return "too late"
    return "joined"


def joins_while_it_ends(*, guarded: bool = True) -> list[str]:
    """Somebody sits down while their group is being ended: what became of it."""
    buy = endless(size=2)
    group = group_of(first_of(buy))
    seen: list[str] = []
    joiner = threading.Thread(
        target=closing(lambda: seen.append(joined(buy, "ben@example.com", group)))
    )
    guard = nullcontext() if guarded else without("orders.group")
    with guard:
        with step():
            end_group(group, why="its time is over", now=clock.now())
            joiner.start()
            assert not guarded or somebody_waits()
            if not guarded:
                joiner.join()
        joiner.join()
    return seen


def test_who_sits_down_waits_for_the_end_of_the_group_and_is_too_late() -> None:
    assert joins_while_it_ends() == ["too late"]
    assert GroupSeat.objects.count() == 1
    assert sound()


def test_without_the_guard_somebody_sits_in_a_group_that_is_over() -> None:
    """Negative control: looking whether it is open is not enough, it has to be locked."""
    assert joins_while_it_ends(guarded=False) == ["joined"]
    found = check_all(now=clock.now(), grace=1, only="INV-GB")
    assert "INV-GB1" in [one.invariant.id for one in found]


def overtaken(*, guarded: bool = True) -> tuple[str, str]:
    """A payment that begins while its group is being ended: states of the group and the order."""
    buy = endless(size=2)
    ann = first_of(buy, "ann")
    group = group_of(ann)
    ben = sit_down(buy, "ben@example.com", group=group)
    payer = threading.Thread(target=closing(pay), args=(ben,))
    guard = nullcontext() if guarded else without("orders.group")
    with guard:
        with step():
            end_group(group, why="its time is over", now=clock.now())
            payer.start()
            assert somebody_waits()
        payer.join()
    ben.refresh_from_db()
    return group_of(ann).state, ben.state


def test_a_payment_that_waits_for_the_end_of_its_group_is_sent_back() -> None:
    assert overtaken() == ("expired", "paid")
    assert end_overdue_waits(now=clock.now()) == 1
    assert sound()


def test_without_the_guard_goods_leave_for_a_group_that_is_over() -> None:
    """Negative control: looking first and writing later is not enough."""
    assert overtaken(guarded=False) == ("expired", "fulfilling")
    found = check_all(now=clock.now(), grace=1, only="INV-GB")
    assert "INV-GB2" in [one.invariant.id for one in found]
