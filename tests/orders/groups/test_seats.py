"""A group on the road: opened, joined, completed or not; what each member gets, and gets back."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from core import clock
from core.invariants import check_all
from core.ledger import balance
from fulfillment.models import Code
from orders.models import BuyGroup, GroupBuy, GroupSeat, Order, OrderWait, Refund
from orders.services.close_order import cancel_order, expire_order
from orders.services.confirm_payment import Result
from orders.services.fill_waits import end_overdue_waits, fill_groups, fill_wait
from orders.services.groups.end_group import expire_groups
from orders.services.groups.run_group_buy import (
    NotStartable,
    advance_group_buys,
    end_group_buy,
    start_group_buy,
)
from orders.services.groups.take_seat import NoSeat
from orders.services.place_order import LimitReached, PriceChanged
from orders.services.push_refund import push_refunds
from orders.services.request_refund import NothingToRefund, request_refund
from orders.states import BuyGroupState, OrderState, WaitState
from tests.factories.catalog import make_sku
from tests.factories.fulfillment import import_file, make_file
from tests.factories.groups import draft_group_buy, group_of, make_group_buy, sit_down
from tests.factories.orders import pay, relay_all, stocked

pytestmark = pytest.mark.django_db


def buy_of(units: int = 5, **more: Any) -> GroupBuy:
    return make_group_buy(stocked(units, price_minor=9000, cost_minor=5000), **more)


def endless(**more: Any) -> GroupBuy:
    """Of something that needs no stock."""
    return make_group_buy(make_sku(kind="topup", price_minor=9000, cost_minor=1), **more)


def paid_seat(buy: GroupBuy, contact: str, **more: Any) -> Order:
    order = sit_down(buy, contact, **more)
    assert pay(order).result == Result.PAID
    order.refresh_from_db()
    return order


def state_of(order: Order) -> str:
    return str(Order.objects.values_list("state", flat=True).get(pk=order.pk))


def sound(grace: int = 1) -> bool:
    found = check_all(now=clock.now(), grace=grace, only="INV-GB")
    found += check_all(now=clock.now(), grace=grace, only="INV-O")
    found += check_all(now=clock.now(), grace=grace, only="INV-PR")
    assert not found, found
    return True


def test_a_full_group_is_delivered_to_all_and_not_before() -> None:
    buy = buy_of(3)
    ann = paid_seat(buy, "ann@example.com")
    group = group_of(ann)
    assert (ann.total_minor, ann.state) == (6000, OrderState.PAID)
    wait = OrderWait.objects.get(order=ann)
    assert (wait.kind, wait.deadline) == ("group", group.deadline)
    ben = paid_seat(buy, "ben@example.com", group=group)
    assert not fill_wait(order=ann.public_id, now=clock.now())
    assert fill_groups(now=clock.now()) == 0
    assert Code.objects.filter(state="sold").count() == 0
    assert sound()
    cid = paid_seat(buy, "cid@example.com", group=group)
    # Whoever completes it has the goods in the very transaction of the payment.
    assert cid.state == OrderState.DELIVERED
    assert group_of(ann).state == BuyGroupState.FULL
    assert fill_groups(now=clock.now()) == 2
    assert [state_of(one) for one in (ann, ben)] == ["delivered", "delivered"]
    assert fill_groups(now=clock.now()) == 0
    assert balance("revenue", subject=ann.public_id) == -6000
    relay_all()
    assert check_all(now=clock.now(), grace=0) == []


def test_stock_of_a_waiting_member_is_kept_until_the_deadline() -> None:
    buy = buy_of(1)
    ann = paid_seat(buy, "ann@example.com")
    held = Code.objects.get(held_by=ann.public_id)
    assert held.held_until is not None
    assert held.held_until > group_of(ann).deadline


def test_a_group_that_is_not_full_in_time_pays_everybody_back() -> None:
    buy = buy_of(3)
    ann = paid_seat(buy, "ann@example.com")
    group = group_of(ann)
    ben = paid_seat(buy, "ben@example.com", group=group)
    cid = sit_down(buy, "cid@example.com", group=group)
    assert expire_groups(now=group.deadline - timedelta(seconds=1)) == 0
    assert expire_groups(now=group.deadline) == 1
    assert end_overdue_waits(now=group.deadline) == 2
    for order in (ann, ben):
        assert state_of(order) == OrderState.FAILED
        assert balance("refund_payable", subject=order.public_id) == -6000
        assert OrderWait.objects.get(order=order).state == WaitState.EXPIRED
    assert Refund.objects.count() == 2
    assert expire_order(order=cid.public_id, now=cid.expires_at)
    assert GroupSeat.objects.exclude(state="left").count() == 0
    assert Code.objects.filter(state="available").count() == 3
    assert group_of(ann).state == BuyGroupState.EXPIRED
    assert GroupBuy.objects.get().opened == 0
    assert sound()


def test_the_deadline_ends_the_group_whoever_comes_first() -> None:
    """The wait of one member may be looked at before anybody has ended the group."""
    ann = paid_seat(endless(), "ann@example.com")
    assert end_overdue_waits(now=group_of(ann).deadline) == 1
    assert group_of(ann).state == BuyGroupState.EXPIRED
    assert sound()


def test_an_unpaid_seat_is_never_kept_beyond_the_deadline(settings: Any) -> None:
    buy = endless(hours=1)
    ann = paid_seat(buy, "ann@example.com")
    group = group_of(ann)
    settings.ORDER_HOLD_SECONDS = 2 * 3600
    ben = sit_down(buy, "ben@example.com", group=group)
    assert ben.expires_at <= group.deadline
    last = group.deadline - timedelta(seconds=1)
    with pytest.raises(NoSeat):
        sit_down(
            buy, "cid@example.com", group=group, now=group.deadline - timedelta(milliseconds=900)
        )
    dan = sit_down(buy, "dan@example.com", group=group, now=last)
    assert dan.expires_at == group.deadline


def test_money_for_a_group_whose_time_is_over_goes_back() -> None:
    buy = endless(size=2)
    ann = paid_seat(buy, "ann@example.com")
    group = group_of(ann)
    ben = sit_down(buy, "ben@example.com", group=group)
    late = group.deadline + timedelta(seconds=1)
    assert pay(ben, now=late).result == Result.PAID
    assert state_of(ben) == OrderState.PAID
    assert end_overdue_waits(now=late) == 2
    assert {state_of(ann), state_of(ben)} == {"failed"}
    assert GroupSeat.objects.exclude(state="left").count() == 0
    assert sound()


def test_money_after_the_order_closed_goes_back_and_takes_no_seat() -> None:
    buy = endless(size=2)
    ann = paid_seat(buy, "ann@example.com")
    ben = sit_down(buy, "ben@example.com", group=group_of(ann))
    late = ben.expires_at + timedelta(seconds=1)
    assert expire_order(order=ben.public_id, now=late)
    assert pay(ben, now=late).result == Result.LATE_REFUNDED
    assert group_of(ann).taken == 1
    assert sound()


@pytest.mark.parametrize("way", ["expires", "is cancelled", "is refunded"])
def test_who_leaves_before_the_group_is_full_frees_the_seat(way: str) -> None:
    buy = buy_of(4)
    ann = paid_seat(buy, "ann@example.com")
    group = group_of(ann)
    ben = sit_down(buy, "ben@example.com", group=group)
    if way == "expires":
        assert expire_order(order=ben.public_id, now=ben.expires_at)
    elif way == "is cancelled":
        assert cancel_order(order=ben.public_id, now=clock.now(), acting="guest")
    else:
        pay(ben)
        request_refund(order=ben.public_id, now=clock.now(), acting="guest", reason="x")
        assert OrderWait.objects.get(order=ben).state == WaitState.CANCELLED
    assert group_of(ann).taken == 1
    paid_seat(buy, "cid@example.com", group=group)
    paid_seat(buy, "dan@example.com", group=group)
    fill_groups(now=clock.now())
    assert state_of(ann) == OrderState.DELIVERED
    assert sound()


def test_the_group_goes_on_without_whoever_opened_it() -> None:
    buy = endless(size=2)
    ann = paid_seat(buy, "ann@example.com")
    group = group_of(ann)
    sit_down(buy, "ben@example.com", group=group)
    request_refund(order=ann.public_id, now=clock.now(), acting="guest", reason="x")
    assert (group_of(ann).state, group_of(ann).taken) == (BuyGroupState.OPEN, 1)
    paid_seat(buy, "cid@example.com", group=group)
    push_refunds(now=clock.now())
    assert sound()


def test_a_group_that_everybody_left_is_over_and_makes_room() -> None:
    buy = endless(most_groups=1)
    ann = sit_down(buy, "ann@example.com")
    with pytest.raises(NoSeat):
        sit_down(buy, "ben@example.com")
    cancel_order(order=ann.public_id, now=clock.now(), acting="guest")
    assert group_of(ann).state == BuyGroupState.EXPIRED
    ben = sit_down(buy, "ben@example.com")
    assert group_of(ben) != group_of(ann)
    assert sound()


def test_from_a_full_group_nobody_leaves_and_the_ordinary_rules_hold() -> None:
    buy = buy_of(2, size=2)
    ann = paid_seat(buy, "ann@example.com")
    ben = paid_seat(buy, "ben@example.com", group=group_of(ann))
    with pytest.raises(NothingToRefund):
        request_refund(order=ben.public_id, now=clock.now(), acting="guest", reason="x")
    # Not delivered yet: the money may go back, the seat stays and the group stays full.
    assert request_refund(order=ann.public_id, now=clock.now(), acting="guest", reason="x")
    assert (group_of(ann).state, group_of(ann).paid) == (BuyGroupState.FULL, 2)
    assert not fill_wait(order=ann.public_id, now=clock.now())
    assert sound()


def test_a_full_group_without_stock_waits_for_it() -> None:
    buy = buy_of(2, size=2)
    ann = paid_seat(buy, "ann@example.com")
    lost = Code.objects.get(held_by=ann.public_id)
    Code.objects.filter(pk=lost.pk).update(
        state="available", held_by="", held_line="", held_until=None
    )
    Code.objects.filter(pk=lost.pk).update(state="quarantined")
    paid_seat(buy, "ben@example.com", group=group_of(ann))
    assert fill_groups(now=clock.now()) == 0
    assert state_of(ann) == OrderState.WAITING_STOCK
    assert sound()
    import_file(buy.sku, make_file(1))
    assert fill_wait(order=ann.public_id, now=clock.now())
    assert state_of(ann) == OrderState.DELIVERED
    assert sound()


def test_nobody_sits_twice_in_one_group() -> None:
    buy = endless(per_person=5)
    ann = paid_seat(buy, "ann@example.com")
    with pytest.raises(NoSeat) as no:
        sit_down(buy, "ann@example.com", group=group_of(ann))
    assert no.value.reason == "twice"
    assert group_of(ann).taken == 1
    assert sound()


def test_seats_per_person_are_counted_over_all_groups() -> None:
    buy = endless(per_person=1)
    ann = paid_seat(buy, "ann@example.com")
    with pytest.raises((LimitReached, PriceChanged)):
        sit_down(buy, "ann@example.com")
    request_refund(order=ann.public_id, now=clock.now(), acting="guest", reason="x")
    assert sound()


def test_nobody_joins_a_group_that_is_full_over_or_of_another_campaign() -> None:
    buy = endless(size=2)
    ann = paid_seat(buy, "ann@example.com")
    group = group_of(ann)
    other = paid_seat(endless(), "dan@example.com")
    with pytest.raises(NoSeat):
        sit_down(buy, "ben@example.com", group=group_of(other))
    sit_down(buy, "ben@example.com", group=group)
    with pytest.raises(NoSeat):
        sit_down(buy, "cid@example.com", group=group)
    expire_groups(now=group.deadline)
    assert sound()


def test_an_ended_campaign_opens_no_group_and_keeps_its_promise_to_open_ones() -> None:
    buy = endless(size=2)
    ann = paid_seat(buy, "ann@example.com")
    assert end_group_buy(buy=buy.public_id, by="test", now=clock.now(), why="enough")
    assert not end_group_buy(buy=buy.public_id, by="test", now=clock.now(), why="again")
    with pytest.raises(NoSeat):
        sit_down(buy, "ben@example.com")
    ben = paid_seat(buy, "ben@example.com", group=group_of(ann))
    assert (ben.total_minor, group_of(ann).state) == (6000, BuyGroupState.FULL)


def test_a_campaign_ends_by_the_clock() -> None:
    buy = endless()
    assert advance_group_buys(now=buy.ends_at - timedelta(seconds=1)) == 0
    assert advance_group_buys(now=buy.ends_at) == 1


def test_it_is_switched_on_only_for_a_lawful_price() -> None:
    sku = stocked(2, price_minor=9000, cost_minor=5000)
    now = clock.now()

    def reason(**more: Any) -> str:
        with pytest.raises(NotStartable) as no:
            start_group_buy(buy=draft_group_buy(sku, **more).public_id, by="test", now=now)
        return no.value.reason

    assert reason(price_minor=9000) == "dear"
    assert reason(price_minor=4000) == "floor"
    assert reason(ends_at=now - timedelta(seconds=1)) == "over"
    more = {"price_minor": 4000, "size": 2, "most_groups": 1, "subsidy_minor": 2000}
    buy = make_group_buy(sku, **more)
    with pytest.raises(NotStartable):
        start_group_buy(buy=buy.public_id, by="test", now=now)
    line = sit_down(buy, "ann@example.com").lines.get()
    assert (line.paid_minor, line.subsidy_minor) == (4000, 1000)
    assert sound()


def test_what_was_promised_and_the_walk_of_states_are_guarded() -> None:
    ann = paid_seat(endless(size=2), "ann@example.com")
    group = group_of(ann)
    for change in ({"deadline": clock.now()}, {"size": 9}, {"state": "full"}, {"taken": 3}):
        with pytest.raises(DatabaseError), transaction.atomic():
            BuyGroup.objects.filter(pk=group.pk).update(**change)
    for change in ({"price_minor": 1}, {"size": 9}, {"state": "draft"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            GroupBuy.objects.update(**change)


@pytest.mark.parametrize(
    ("invariant", "broken"),
    [
        ("INV-GB1", "update orders_buygroup set taken = 3"),
        (
            "INV-GB2",
            "update orders_groupseat set group_id = (select id from orders_buygroup"
            " where state = 'open') where state = 'paid'",
        ),
        ("INV-GB3", "update orders_orderwait set state = 'filled'"),
        ("INV-GB4", "update orders_buygroup set state = 'expired'"),
        ("INV-GB5", "update orders_groupseat set state = 'left' where state = 'held'"),
        ("INV-GB6", "update orders_groupbuy set opened = 0"),
        (
            "INV-GB7",
            "update orders_groupseat set people = (select people from orders_groupseat"
            " order by id limit 1)",
        ),
    ],
)
def test_each_statement_finds_what_it_is_for(invariant: str, broken: str) -> None:
    ann = paid_seat(endless(), "ann@example.com")
    sit_down(GroupSeat.objects.get(order=ann).group.buy, "ben@example.com", group=group_of(ann))
    if invariant == "INV-GB2":
        full = buy_of(2, size=2, slug="full")
        first = paid_seat(full, "cid@example.com")
        paid_seat(full, "dan@example.com", group=group_of(first))
        assert fill_groups(now=clock.now()) == 1
    assert sound()
    with connection.cursor() as cursor:
        cursor.execute(broken)
    found = check_all(now=clock.now(), grace=0, only="INV-GB")
    assert invariant in [violation.invariant.id for violation in found]
