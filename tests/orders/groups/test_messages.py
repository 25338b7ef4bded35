"""What members of a group are told, once each: they wait, all are there, or its time is over."""

from typing import Any

import pytest
from django.core import mail

from accounts.models import Message
from accounts.rendering import rendered
from accounts.services.push_messages import push_messages
from core import clock
from orders.models import BuyGroup, GroupBuy, Order
from orders.services.fill_waits import end_overdue_waits, fill_groups
from orders.services.groups.end_group import expire_groups
from orders.services.groups.tell_group import tell_joined
from orders.services.request_refund import request_refund
from tests.factories.catalog import make_sku
from tests.factories.groups import group_of, make_group_buy, sit_down
from tests.factories.orders import pay, relay_all, stocked

pytestmark = pytest.mark.django_db


def buy_of(units: int = 5, **more: Any) -> GroupBuy:
    return make_group_buy(stocked(units, price_minor=9000, cost_minor=5000), **more)


def paid_seat(buy: GroupBuy, name: str, **more: Any) -> Order:
    order = sit_down(buy, f"{name}@example.com", **more)
    pay(order)
    return order


def told(name: str) -> list[str]:
    """Subjects of what somebody got, the first one first."""
    relay_all()
    relay_all()
    return [str(one.subject) for one in mail.outbox if one.to == [f"{name}@example.com"]]


def body(subject: str) -> str:
    return str(next(one.body for one in mail.outbox if one.subject == subject))


def test_who_has_paid_hears_how_many_are_missing_until_when_and_whom_to_ask() -> None:
    ann = paid_seat(buy_of(), "ann")
    group = group_of(ann)
    assert told("ann") == ["Your group needs 2 more buyers"]
    said = body("Your group needs 2 more buyers")
    assert "1 of 3 in your group have paid" in said
    assert f"/group/{group.public_id}/" in said
    assert f"/orders/{ann.public_id}/?t=" in said
    assert clock.now().strftime("%Y-") in said
    relay_all()
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(
    ("language", "subject"),
    [("en", "Your group needs 1 more buyer"), ("zh-hans", "您的团还差 1 人")],
)
def test_in_the_language_of_the_order(language: str, subject: str) -> None:
    paid_seat(buy_of(size=2), "ann", language=language)
    assert told("ann") == [subject]


def test_each_member_of_a_full_group_hears_it_once() -> None:
    buy = buy_of(2, size=2)
    ann = paid_seat(buy, "ann")
    told("ann")
    ben = paid_seat(buy, "ben", group=group_of(ann))
    fill_groups(now=clock.now())
    fill_groups(now=clock.now())
    assert told("ann") == ["Your group needs 1 more buyer", "Your group is complete"]
    # Whoever completed it has the goods at once, as with any order.
    assert told("ben") == [f"Your order {ben.public_id} is delivered"]
    said = body("Your group is complete")
    assert f"everything in your order {ann.public_id} is ready" in said
    assert f"/orders/{ann.public_id}/?t=" in said


def test_goods_that_are_on_their_way_are_told_of_as_that() -> None:
    buy = make_group_buy(make_sku(kind="topup", price_minor=9000, cost_minor=1), size=2)
    ann = paid_seat(buy, "ann")
    paid_seat(buy, "ben", group=group_of(ann))
    fill_groups(now=clock.now())
    # Nobody waits any more when the worker comes to tell it.
    assert told("ann") == ["Your group is complete"]
    assert "are on the way" in body("Your group is complete")
    ann.refresh_from_db()
    assert ann.link_sent_at is None


def test_who_paid_for_a_group_that_ran_out_of_time_hears_that_the_money_comes_back() -> None:
    ann = paid_seat(buy_of(), "ann")
    told("ann")
    group = group_of(ann)
    for _again in range(2):
        expire_groups(now=group.deadline)
        end_overdue_waits(now=group.deadline)
    push_messages(now=group.deadline)
    assert told("ann") == ["Your group needs 2 more buyers", "Your group was not full in time"]
    assert "goes back the way it came" in body("Your group was not full in time")


def test_who_left_is_told_nothing_of_the_group() -> None:
    ann = paid_seat(buy_of(), "ann")
    request_refund(order=ann.public_id, now=clock.now(), acting="guest", reason="x")
    assert told("ann") == []
    assert not BuyGroup.objects.filter(state="open").exists()


def test_a_phone_gets_the_link_to_pass_on_and_not_the_one_to_the_order() -> None:
    ann = sit_down(buy_of(), "13800138000", contact_kind="phone")
    pay(ann)
    assert tell_joined(order=ann.public_id, now=clock.now())
    text = rendered(Message.objects.get(template="group_waiting")).text
    assert f"/group/{group_of(ann).public_id}/" in text
    assert "?t=" not in text
