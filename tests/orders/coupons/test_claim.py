"""Claiming: from a page, by a word, by a printed code; made by the batch, ended, reminded of."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Message
from accounts.rendering import rendered
from core import approvals, clock
from core.crypto import ensure_data_key, unseal
from core.invariants import check_all
from fulfillment.services.wallet.choose_reminders import choose_reminders
from orders.models import Coupon, CouponBatch, CouponExport
from orders.services.close_order import cancel_order
from orders.services.coupons import make_coupons as making
from orders.services.coupons.claim_coupon import ClaimRefused, claim_coupon, keep_code
from orders.services.coupons.export_coupons import (
    CouponExportGone,
    WrongCouponPassword,
    request_coupon_export,
    show_coupon_password,
    take_coupon_export,
)
from orders.services.coupons.grant_coupon import NoSuchCoupon
from orders.services.coupons.make_coupons import make_coupons, order_coupons
from orders.services.coupons.tend_coupons import expire_coupons, remind_coupons
from orders.services.coupons.void_coupons import change_batch, void_batches, void_coupons
from orders.services.request_refund import request_refund
from orders.states import CouponBatchState, CouponState
from tests.factories.accounts import make_staff, make_user
from tests.factories.catalog import make_sku
from tests.factories.coupons import coupon_promotion, make_campaign, make_coupon, make_printed
from tests.factories.orders import item, order_of, pay, place
from tests.factories.promotions import make_promotion
from tests.fulfillment.test_export import unlock

pytestmark = pytest.mark.django_db
ANN = "usr_ANN"


def sound() -> bool:
    return check_all(now=clock.now(), grace=0, only="INV-CP") == []


def test_a_claim_makes_a_coupon_until_a_person_or_all_have_theirs() -> None:
    campaign = make_campaign(coupon_promotion(), most_claims=2, valid_days=5)
    now = clock.now()
    claim_coupon(campaign=campaign.slug, owner=ANN, now=now)
    assert Coupon.objects.get().valid_until == now + timedelta(days=5)
    with pytest.raises(ClaimRefused):
        claim_coupon(campaign=campaign.slug, owner=ANN, now=now)
    claim_coupon(campaign=campaign.public_id, owner="usr_BOB", now=now)
    with pytest.raises(ClaimRefused):
        claim_coupon(campaign=campaign.slug, owner="usr_CID", now=now)
    assert Coupon.objects.count() == 2
    assert sound()


@pytest.mark.parametrize(
    "more", [{"state": "paused"}, {"ends_at": "past"}, {"starts_at": "future"}]
)
def test_nothing_is_claimed_of_what_is_not_in_force(more: dict[str, Any]) -> None:
    now = clock.now()
    times = {"past": now - timedelta(days=1), "future": now + timedelta(days=1)}
    told = {key: times.get(value, value) for key, value in more.items()}
    campaign = make_campaign(coupon_promotion(**told))
    with pytest.raises(ClaimRefused):
        claim_coupon(campaign=campaign.slug, owner=ANN, now=now)
    assert not Coupon.objects.exists()


def test_a_word_is_asked_for_and_tries_are_counted() -> None:
    campaign = make_campaign(coupon_promotion(), claiming="code", word="Spring")
    now = clock.now()
    answers = set()
    for number in range(25):
        with pytest.raises(ClaimRefused) as no:
            claim_coupon(campaign=campaign.slug, owner=ANN, now=now, word=f"W{number}")
        answers.add(no.value.message)
    assert len(answers) == 2
    with pytest.raises(ClaimRefused):
        claim_coupon(campaign=campaign.slug, owner=ANN, now=now, word="spring")
    assert claim_coupon(campaign=campaign.slug, owner="usr_BOB", now=now, word=" spring ")


def test_a_printed_code_is_kept_by_one_and_others_hear_one_and_the_same() -> None:
    ensure_data_key()
    coupon, code = make_printed(coupon_promotion())
    now = clock.now()
    assert keep_code(code=code, owner=ANN, now=now) == coupon.public_id
    void, other = make_printed(coupon_promotion())
    void_coupons(coupons=[void.pk], by="user:x", reason="test", now=now)
    told = set()
    for typed in (code, other, "NOTACODE", ""):
        with pytest.raises(ClaimRefused) as no:
            keep_code(code=typed, owner="usr_BOB", now=now)
        told.add(no.value.message)
    assert len(told) == 1


def test_a_batch_is_made_chunk_by_chunk_and_again_after_a_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ensure_data_key()
    monkeypatch.setattr(making, "CHUNK", 7)
    promotion = coupon_promotion()
    batch = order_coupons(
        promotion=promotion.public_id, number=20, note="", by="user:x", now=clock.now()
    )
    assert make_coupons(now=clock.now(), seconds=-1)
    while make_coupons(now=clock.now()):
        pass
    batch.refresh_from_db()
    assert (batch.state, batch.made, Coupon.objects.count()) == ("ready", 20, 20)
    assert len(set(Coupon.objects.values_list("code_index", flat=True))) == 20
    assert not make_coupons(now=clock.now())
    assert sound()
    with pytest.raises(NoSuchCoupon):
        order_coupons(
            promotion=make_promotion().public_id, number=1, note="", by="user:x", now=clock.now()
        )


def batch_of(number: int) -> CouponBatch:
    ensure_data_key()
    batch = order_coupons(
        promotion=coupon_promotion().public_id, number=number, note="", by="user:x",
        now=clock.now(),
    )  # fmt: skip
    while make_coupons(now=clock.now()):
        pass
    batch.refresh_from_db()
    return batch


def change(batch: CouponBatch, to: CouponBatchState) -> bool:
    return change_batch(batch=batch.public_id, to=to, by="user:x", reason="test", now=clock.now())


@pytest.mark.parametrize("paid", [False, True])
def test_what_comes_back_to_a_void_batch_is_void(paid: bool) -> None:
    batch = batch_of(1)
    make_campaign(batch.promotion, back_on_refund=True)
    coupon = Coupon.objects.get(batch=batch)
    assert coupon.code_sealed is not None
    code = unseal(coupon.code_sealed, context=coupon.context).reveal()
    good = make_sku(kind="topup", price_minor=500, cost_minor=0)
    order = order_of(place(item(good), owner="usr_ANN", codes=(code,)))
    if paid:
        pay(order)
    assert change(batch, CouponBatchState.VOID)
    void_batches(now=clock.now())
    coupon.refresh_from_db()
    assert coupon.state == ("used" if paid else "held")
    if paid:
        request_refund(order=order.public_id, now=clock.now(), acting="test", reason="regret")
    else:
        cancel_order(order=order.public_id, now=clock.now(), acting="guest")
    coupon.refresh_from_db()
    assert (coupon.state, coupon.order_id) == ("void", None)
    assert not check_all(now=clock.now(), grace=0, only="INV-CP")


def test_a_frozen_batch_is_worth_nothing_until_it_is_free_again() -> None:
    batch = batch_of(1)
    _one, code = make_printed(batch.promotion, batch=batch)
    CouponBatch.objects.filter(pk=batch.pk)
    good = make_sku(kind="topup", price_minor=9000, cost_minor=1)
    assert change(batch, CouponBatchState.FROZEN)
    assert order_of(place(item(good), codes=(code,))).total_minor == 9000
    assert change(batch, CouponBatchState.READY)
    assert order_of(place(item(good), codes=(code,))).total_minor == 8500
    assert change(batch, CouponBatchState.VOID)
    assert not change(batch, CouponBatchState.READY)
    void_batches(now=clock.now())
    states = sorted(Coupon.objects.filter(batch=batch).values_list("state", flat=True))
    assert states == ["held", "void"]
    batch.refresh_from_db()
    assert batch.not_before is not None


def test_two_persons_hand_the_codes_out_once_and_every_row_is_marked() -> None:
    batch = batch_of(3)
    maker, checker = make_staff("operator"), make_staff("owner")
    now = clock.now()
    asked = request_coupon_export(
        batch=batch.public_id, by=maker.public_id, reason="print", now=now
    )
    with pytest.raises(approvals.SelfApproval):
        approvals.decide(approval_id=asked.public_id, by=maker.public_id, agree=True, now=now)
    approvals.decide(approval_id=asked.public_id, by=checker.public_id, agree=True, now=now)
    export = CouponExport.objects.get().public_id
    with pytest.raises(CouponExportGone):
        show_coupon_password(export=export, by=maker.public_id, now=now)
    password = show_coupon_password(export=export, by=checker.public_id, now=now)
    with pytest.raises(WrongCouponPassword):
        take_coupon_export(export=export, by=maker.public_id, password="NO", now=now)
    taken = take_coupon_export(export=export, by=maker.public_id, password=password, now=now)
    rows = unlock(taken.content, password).splitlines()
    assert rows[0] == "code,valid_until,mark"
    assert len({row.split(",")[2] for row in rows[1:]}) == 3
    assert keep_code(code=rows[1].split(",")[0], owner=ANN, now=now)
    with pytest.raises(CouponExportGone):
        take_coupon_export(export=export, by=maker.public_id, password=password, now=now)


def test_what_nobody_used_in_time_ends_but_not_what_an_order_holds() -> None:
    now = clock.now()
    made, soon = coupon_promotion(), now + timedelta(hours=1)
    good = make_sku(kind="topup", price_minor=9000, cost_minor=1)
    held = make_coupon(made, ANN, until=soon)
    place(item(good), owner=ANN)
    idle = make_coupon(made, ANN, until=soon)
    forever = make_coupon(made, ANN)
    assert expire_coupons(now=soon) == 1
    states = [Coupon.objects.get(pk=one.pk).state for one in (held, idle, forever)]
    assert states == [CouponState.HELD, CouponState.EXPIRED, CouponState.CLAIMED]


@pytest.mark.parametrize("wanted", [True, False])
def test_its_owner_is_reminded_once_by_mail_if_they_want_it(*, wanted: bool) -> None:
    ensure_data_key()
    person = make_user(email="ann@example.com", phone="13800138001", language="en")
    choose_reminders(owner=person.public_id, by_mail=wanted, by_sms=True, now=clock.now())
    now = clock.now()
    for days in (2, 2, 9):
        coupon = make_coupon(coupon_promotion(), person.public_id, until=now + timedelta(days=days))
        Coupon.objects.filter(pk=coupon.pk).update(claimed_at=now - timedelta(days=20))
    # One that never held longer.
    make_coupon(coupon_promotion(), person.public_id, until=now + timedelta(days=1))
    assert remind_coupons(now=now) == int(wanted)
    assert remind_coupons(now=now) == 0
    assert Message.objects.count() == int(wanted)
    for message in Message.objects.all():
        told = rendered(message)
        assert "Offer" in told.subject
        assert "/coupons/" in told.text
