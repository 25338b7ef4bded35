"""Invitations: bound once, judged by values, rewarded after the refund window, taken back by two."""

from datetime import timedelta

import pytest

from core import approvals, clock
from core.invariants import check_all
from core.tx import step
from fulfillment.models import Delivery
from orders.models import Coupon, Invite, Reward
from orders.queries.points import balance_of, usable_points
from orders.services.request_refund import request_refund
from orders.services.rewards.bind_invite import bind_invite, own_link
from orders.services.rewards.reward_invites import note_first_orders, reward_invite, reward_invites
from orders.services.rewards.take_back_reward import NothingToTakeBack, request_taking_back
from orders.services.two_persons import request_delivered_refund
from risk.models import Assessment
from tests.factories.accounts import make_staff, make_user
from tests.factories.catalog import make_sku
from tests.factories.coupons import coupon_promotion
from tests.factories.orders import item, order_of, pay, place, relay_all, stocked
from tests.factories.rewards import bought, bring, make_programme, newcomer

pytestmark = pytest.mark.django_db


def sound() -> list[str]:
    return [
        str(one)
        for only in ("INV-RW", "INV-IN", "INV-P")
        for one in check_all(now=clock.now(), grace=0, only=only)
    ]


def rewarded(*, days: int = 0) -> int:
    return reward_invites(now=clock.now() + timedelta(days=days, seconds=1))


def reasons() -> list[tuple[str, str]]:
    return list(Invite.objects.order_by("id").values_list("state", "reason"))


def test_both_are_rewarded_after_the_refund_window_and_once() -> None:
    make_programme(wait_days=7)
    ann, ben = make_user(), make_user()
    invite = bring(ann, ben)
    bought(ben.public_id)
    assert reasons() == [("waiting", "")]
    assert rewarded(days=6) == 0
    assert (balance_of(ann.public_id), balance_of(ben.public_id)) == (0, 0)
    assert rewarded(days=7) == 1
    assert rewarded(days=8) == 0
    assert reward_invite(pk=invite.pk, now=clock.now() + timedelta(days=9)) is False
    assert (balance_of(ann.public_id), balance_of(ben.public_id)) == (100, 50)
    assert reasons() == [("rewarded", "")]
    assert sound() == []


def test_only_the_first_order_counts_and_only_a_large_one() -> None:
    make_programme(minimum_minor=1500)
    ben = make_user()
    bring(make_user(), ben)
    bought(ben.public_id, price_minor=990)
    assert reasons() == [("bound", "")]
    bought(ben.public_id)
    bought(ben.public_id)
    assert rewarded() == 1
    assert Reward.objects.count() == 2


def test_a_refund_before_delivery_counts_as_no_order() -> None:
    make_programme()
    ben = make_user()
    bring(make_user(), ben)
    order = order_of(
        place(item(make_sku(kind="topup", price_minor=1990, cost_minor=1)), owner=ben.public_id)
    )
    pay(order)
    request_refund(order=order.public_id, now=clock.now(), acting="test", reason="regret")
    relay_all()
    with step():
        note_first_orders(orders=[order.public_id], now=clock.now())
    assert reasons() == [("bound", "")]


def test_a_refund_within_the_window_means_no_reward() -> None:
    make_programme(wait_days=7)
    ben = make_user()
    bring(make_user(), ben)
    order = bought(ben.public_id)
    maker, checker = make_staff("finance"), make_staff("finance")
    asked = request_delivered_refund(
        order=order.public_id, deliveries=[Delivery.objects.get().public_id], reason="dead",
        by=maker.public_id, now=clock.now(),
    )  # fmt: skip
    approvals.decide(approval_id=asked.public_id, by=checker.public_id, agree=True, now=clock.now())
    assert rewarded(days=7) == 1
    assert reasons() == [("void", "refunded")]
    assert Reward.objects.count() == 0
    assert sound() == []


def test_an_account_from_before_the_visit_is_nobodys_friend() -> None:
    make_programme()
    ann, old = make_user(), make_user()
    link = own_link(owner=ann.public_id, now=clock.now()).public_id
    later = old.joined_at + timedelta(seconds=1)
    late = newcomer(old, came_at=later)
    assert bind_invite(link=link, newcomer=late, now=clock.now()) is None
    assert bind_invite(link="ivl_0000000000000000", newcomer=newcomer(old), now=later) is None
    assert bind_invite(link=link, newcomer=newcomer(ann), now=later) is None


def test_who_was_brought_once_stays_brought_by_the_same() -> None:
    make_programme()
    ann, ben, eve = make_user(), make_user(), make_user()
    bring(ann, ben)
    link = own_link(owner=eve.public_id, now=clock.now()).public_id
    assert bind_invite(link=link, newcomer=newcomer(ben), now=clock.now()) is None
    assert Invite.objects.get().inviter == ann.public_id


def test_without_a_programme_nothing_is_bound() -> None:
    make_programme(ends_at=clock.now())
    link = own_link(owner=make_user().public_id, now=clock.now()).public_id
    assert bind_invite(link=link, newcomer=newcomer(make_user()), now=clock.now()) is None


def test_the_same_device_is_oneself() -> None:
    make_programme()
    ann, eve = make_user(), make_user()
    bring(make_user(), ann, device="browser-1")
    refused = bring(ann, eve, device="browser-1")
    assert (refused.state, refused.reason) == ("refused", "one_person")
    kept = Assessment.objects.get(public_id=refused.assessment)
    assert kept.point == "invite"
    assert kept.rules[0]["details"] == {"marks": "device"}
    assert "traits" not in kept.facts


def test_the_same_topped_up_account_is_oneself() -> None:
    make_programme()
    ann, ben = make_user(), make_user()
    bring(ann, ben)
    sku = make_sku(kind="topup", price_minor=1990, cost_minor=1)
    for owner in (ann, ben):
        pay(order_of(place(item(sku), owner=owner.public_id)))
    bought(ben.public_id)
    assert rewarded() == 1
    assert reasons() == [("refused", "one_person")]
    assert Reward.objects.count() == 0
    assert sound() == []


def test_the_same_contact_on_orders_is_oneself() -> None:
    make_programme()
    ann, ben = make_user(email="ann@example.com"), make_user()
    bring(ann, ben)
    bought(ben.public_id, contact="ann@example.com")
    rewarded()
    assert reasons() == [("refused", "one_person")]


def test_a_ring_gets_nothing() -> None:
    """Ann brings Ben, Ben brings Cid, and Cid's browser is the one Ann came with."""
    make_programme()
    root, ann, ben, cid = (make_user() for _ in range(4))
    bring(root, ann, device="browser-1")
    bring(ann, ben, device="browser-2")
    bring(ben, cid, device="browser-1")
    assert reasons()[-1] == ("refused", "ring")
    bought(cid.public_id)
    assert rewarded() == 0


def test_one_person_as_many_gets_nothing() -> None:
    make_programme()
    ann, ben, eve = make_user(), make_user(), make_user()
    bring(ann, ben, device="browser-2")
    bring(ann, eve, device="browser-2")
    bought(ben.public_id)
    bought(eve.public_id)
    assert rewarded() == 2
    assert reasons() == [("refused", "one_person")] * 2
    assert Reward.objects.count() == 0


def test_budgets_and_the_month_end_it() -> None:
    programme = make_programme(per_month=1, most_points=200)
    ann = make_user()
    for _friend in range(3):
        ben = make_user()
        bring(ann, ben)
        bought(ben.public_id)
    assert rewarded() == 3
    # 150 points, then the friend alone gets 50, then nothing is left.
    assert reasons() == [("rewarded", ""), ("rewarded", "capped"), ("void", "budget")]
    assert (
        sum(Reward.objects.filter(source=programme.public_id).values_list("points", flat=True))
        == 200
    )
    assert sound() == []


def test_coupons_for_both_and_two_persons_take_them_back() -> None:
    promotion = coupon_promotion()
    make_programme(
        inviter_kind="coupon", inviter_coupon=promotion, inviter_worth_minor=500,
        friend_points=50, most_minor=500,
    )  # fmt: skip
    ann, ben = make_user(), make_user()
    invite = bring(ann, ben)
    bought(ben.public_id)
    rewarded()
    assert Coupon.objects.get().owner == ann.public_id
    maker, checker = make_staff("operator"), make_staff("finance")
    asked = request_taking_back(
        subject=invite.public_id, reason="fraud", by=maker.public_id, now=clock.now()
    )
    assert reasons() == [("rewarded", "")]
    approvals.decide(approval_id=asked.public_id, by=checker.public_id, agree=True, now=clock.now())
    assert reasons() == [("taken_back", "")]
    assert Coupon.objects.get().state == "void"
    assert usable_points(ben.public_id, now=clock.now()) == 0
    assert sound() == []
    with pytest.raises(NothingToTakeBack):
        request_taking_back(
            subject=invite.public_id, reason="again", by=maker.public_id, now=clock.now()
        )


def test_a_used_coupon_stays_and_the_rest_is_taken() -> None:
    promotion = coupon_promotion()
    make_programme(friend_kind="coupon", friend_coupon=promotion, friend_worth_minor=500)
    ann, ben = make_user(), make_user()
    invite = bring(ann, ben)
    bought(ben.public_id)
    rewarded()
    coupon = Coupon.objects.get()
    bought(ben.public_id, sku=stocked(1, price_minor=9000, cost_minor=1))
    maker, checker = make_staff("operator"), make_staff("operator")
    asked = request_taking_back(
        subject=invite.public_id, reason="fraud", by=maker.public_id, now=clock.now()
    )
    coupon.refresh_from_db()
    assert coupon.state == "used"
    approvals.decide(approval_id=asked.public_id, by=checker.public_id, agree=True, now=clock.now())
    states = set(Reward.objects.values_list("kind", "state"))
    assert states == {("points", "taken_back"), ("coupon", "given")}
    assert Invite.objects.get().state == "taken_back"
    assert sound() == []
