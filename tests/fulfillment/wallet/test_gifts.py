"""Giving away, taking back, accepting: one owner at every moment, and a chain that says who."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Message
from core import clock
from core.ids import new_token
from core.invariants import check_all
from core.models import StateChange
from core.tx import step
from fulfillment.models import CodeReveal, Entitlement, Gift, OwnershipChange, VoucherCode
from fulfillment.services.reveal import NotRevealable, reveal
from fulfillment.services.revoke_delivery import PassedOn, revoke_refunded
from fulfillment.services.wallet.attach_owner import attach_owner
from fulfillment.services.wallet.claim_gift import Gone, NotClaimed, claim_gift
from fulfillment.services.wallet.end_gift import return_overdue_gifts, take_back_gift
from fulfillment.services.wallet.expire_owned import expire_owned
from fulfillment.services.wallet.give import (
    NotGiven,
    Obstacle,
    plain_name,
    plain_text,
    renew_gift_link,
)
from fulfillment.services.wallet.keep_claimed import NotHeld, keep_claimed
from fulfillment.services.wallet.send_gift import TooManySent, send_gift
from fulfillment.states import EntitlementState, GiftState
from fulfillment.tokens import fits
from tests.factories.accounts import make_user
from tests.factories.fulfillment import make_goods
from tests.factories.wallet import buy_one, claim, given

pytestmark = pytest.mark.django_db
GIVER, FRIEND = "usr_GIVER", "usr_FRIEND"


def look(row: Entitlement, moves: int = 0, **more: Any) -> list[Any]:
    return reveal(
        delivery_id=row.delivery.public_id, by="guest", ip="192.0.2.1", now=clock.now(),
        moves=moves, **more,
    )  # fmt: skip


def healthy() -> list[str]:
    return [str(found) for found in check_all(now=clock.now(), only="INV-")]


def test_a_claimed_thing_is_the_friends_and_the_chain_says_so() -> None:
    row = buy_one(GIVER)
    gift = given(row, sender="Lin", greeting="for you")
    assert fits("gift", gift.token, gift.gift.token_hash)
    assert gift.token not in repr(gift)
    claim(gift, FRIEND)
    row.refresh_from_db()
    assert (row.owner, row.moves, row.given_at, row.state) == (FRIEND, 1, None, "issued")
    change = OwnershipChange.objects.get()
    assert (change.number, change.was, change.became, change.how) == (1, GIVER, FRIEND, "gift")
    with pytest.raises(NotRevealable):
        look(row, moves=0)
    assert look(row, moves=1)
    assert healthy() == []


def test_nobody_sees_the_code_while_it_is_on_its_way() -> None:
    row = buy_one(GIVER)
    given(row)
    for more in ({}, {"staff": True}):
        with pytest.raises(NotRevealable):
            look(row, **more)
    assert not CodeReveal.objects.exists()


def test_a_code_that_was_seen_is_not_given() -> None:
    row = buy_one(GIVER)
    look(row)
    with pytest.raises(NotGiven) as refused:
        given(row)
    assert refused.value.why == Obstacle.SEEN
    row.refresh_from_db()
    assert (row.given_at, Gift.objects.count()) == (None, 0)


def test_a_thing_is_given_once_at_a_time() -> None:
    row = buy_one(GIVER)
    given(row)
    with pytest.raises(NotGiven) as refused:
        given(row)
    assert refused.value.why == Obstacle.GIVEN


@pytest.mark.parametrize("kind", ["topup", "membership"])
def test_what_is_credited_cannot_be_given(kind: str) -> None:
    row = buy_one(GIVER)
    Entitlement.objects.update(kind=kind)
    with pytest.raises(NotGiven) as refused:
        given(row)
    assert refused.value.why == Obstacle.KIND


@pytest.mark.parametrize(
    ("state", "why"), [("active", Obstacle.ACTIVE), ("expired", Obstacle.OVER)]
)
def test_what_is_in_use_or_over_cannot_be_given(state: str, why: str) -> None:
    row = buy_one(GIVER)
    Entitlement.objects.update(state=state)
    with pytest.raises(NotGiven) as refused:
        given(row)
    assert refused.value.why == why


def test_a_link_works_once() -> None:
    gift = given(buy_one(GIVER))
    claim(gift, FRIEND)
    with pytest.raises(NotClaimed) as refused:
        claim(gift, "usr_LATE")
    assert refused.value.why == Gone.CLAIMED


def test_a_wrong_token_claims_nothing() -> None:
    gift = given(buy_one(GIVER))
    for token in (new_token(), "", "x" * 500):
        with pytest.raises(NotClaimed) as refused:
            claim_gift(
                gift=gift.gift.public_id, token=token, claimer=FRIEND, by="guest", now=clock.now()
            )
        assert refused.value.why == Gone.NO_SUCH


def test_ones_own_gift_is_taken_back_and_not_claimed() -> None:
    row = buy_one(GIVER)
    gift = given(row)
    with pytest.raises(NotClaimed) as refused:
        claim(gift, GIVER)
    assert refused.value.why == Gone.OWN
    assert take_back_gift(gift=gift.gift.public_id, by=GIVER, now=clock.now())
    with pytest.raises(NotClaimed):
        claim(gift, FRIEND)
    assert look(row)
    assert not take_back_gift(gift=gift.gift.public_id, by=GIVER, now=clock.now())
    assert healthy() == []


def test_a_claimed_gift_is_not_taken_back() -> None:
    row = buy_one(GIVER)
    gift = given(row)
    claim(gift, FRIEND)
    assert not take_back_gift(gift=gift.gift.public_id, by=GIVER, now=clock.now())
    row.refresh_from_db()
    assert row.owner == FRIEND


def test_a_new_link_ends_the_old_one() -> None:
    old = given(buy_one(GIVER))
    new = renew_gift_link(gift=old.gift.public_id, by=GIVER, now=clock.now())
    assert new is not None
    with pytest.raises(NotClaimed):
        claim(old, FRIEND)
    assert claim(new, FRIEND).entitlement.owner == FRIEND
    assert renew_gift_link(gift=old.gift.public_id, by=GIVER, now=clock.now()) is None


def test_what_nobody_came_for_goes_back_and_its_giver_is_told() -> None:
    giver = make_user(email="giver@example.com")
    row = buy_one(giver.public_id)
    gift = given(row)
    later = gift.gift.expires_at + timedelta(seconds=1)
    with pytest.raises(NotClaimed) as refused:
        claim_gift(
            gift=gift.gift.public_id, token=gift.token, claimer=FRIEND, by="guest", now=later
        )
    assert refused.value.why == Gone.OVER
    assert return_overdue_gifts(now=later) == 1
    assert return_overdue_gifts(now=later) == 0
    row.refresh_from_db()
    gift.gift.refresh_from_db()
    assert (row.given_at, row.owner, gift.gift.state) == (None, giver.public_id, "returned")
    assert Message.objects.get().template == "gift_returned"
    assert look(row)


def test_a_guest_holds_by_a_token_and_keeps_it_in_an_account_later() -> None:
    row = buy_one("")
    held = claim(given(row))
    row.refresh_from_db()
    assert held.token
    assert fits("holder", held.token, row.holder_hash)
    assert (row.owner, row.moves) == ("", 1)
    keep: dict[str, Any] = {
        "entitlement": row.public_id,
        "owner": FRIEND,
        "by": FRIEND,
        "now": clock.now(),
    }
    with pytest.raises(NotHeld):
        keep_claimed(token=new_token(), **keep)
    keep_claimed(token=held.token, **keep)
    row.refresh_from_db()
    assert (row.owner, row.moves, row.holder_hash) == (FRIEND, 2, None)
    assert keep_claimed(token="", **keep).owner == FRIEND
    with pytest.raises(NotHeld):
        keep_claimed(token=held.token, **{**keep, "owner": "usr_OTHER"})
    assert healthy() == []


def test_an_order_that_joins_an_account_leaves_the_friend_what_is_the_friends() -> None:
    row = buy_one("")
    claim(given(row))
    with step():
        assert attach_owner(reference=row.reference, owner=GIVER, now=clock.now()) == 0
    row.refresh_from_db()
    assert row.owner == ""
    assert healthy() == []


def test_a_gift_under_way_joins_the_account_with_its_order() -> None:
    row = buy_one("")
    gift = given(row)
    with step():
        attach_owner(reference=row.reference, owner=GIVER, now=clock.now())
    gift.gift.refresh_from_db()
    assert gift.gift.giver == GIVER
    claim(gift, FRIEND)
    assert healthy() == []


def test_a_friend_can_give_it_on() -> None:
    row = buy_one(GIVER)
    claim(given(row), FRIEND)
    claim(given(row), "usr_THIRD")
    row.refresh_from_db()
    assert (row.owner, row.moves) == ("usr_THIRD", 2)
    assert [c.became for c in OwnershipChange.objects.order_by("number")] == [FRIEND, "usr_THIRD"]
    assert healthy() == []


def test_a_voucher_gets_another_code_when_it_changes_hands() -> None:
    row = buy_one(GIVER, sku=make_goods("voucher"))
    look(row)
    claim(given(row), FRIEND)
    old, new = VoucherCode.objects.filter(entitlement=row).order_by("number")
    assert old.replaced_at is not None
    assert new.replaced_at is None
    assert bytes(old.index) != bytes(new.index)


def test_what_a_friend_has_is_not_refunded_to_the_giver() -> None:
    row = buy_one(GIVER)
    claim(given(row), FRIEND)
    with step(), pytest.raises(PassedOn):
        revoke_refunded(
            delivery=row.delivery.public_id, approval="apr_X", by="user:usr_F", now=clock.now()
        )
    row.refresh_from_db()
    assert row.state == EntitlementState.ISSUED


def test_a_refund_ends_a_gift_that_nobody_has_accepted() -> None:
    row = buy_one(GIVER)
    gift = given(row)
    with step():
        assert revoke_refunded(
            delivery=row.delivery.public_id, approval="apr_X", by="user:usr_F", now=clock.now()
        )
    gift.gift.refresh_from_db()
    assert gift.gift.state == GiftState.ENDED
    with pytest.raises(NotClaimed):
        claim(gift, FRIEND)
    assert healthy() == []


def test_what_expires_on_its_way_ends_the_gift_with_it() -> None:
    row = buy_one(GIVER)
    now = clock.now()
    Entitlement.objects.update(valid_until=now + timedelta(days=2))
    gift = given(row)
    assert gift.gift.expires_at == now + timedelta(days=2)
    assert expire_owned(now=now + timedelta(days=2)) == 1
    row.refresh_from_db()
    gift.gift.refresh_from_db()
    assert (row.state, row.given_at, gift.gift.state) == ("expired", None, "ended")
    last = StateChange.objects.filter(subject=row.public_id).latest("id")
    assert (last.was, last.became, last.why) == ("issued", "expired", "expired")


def test_a_message_names_the_gift_and_carries_no_words_of_the_giver() -> None:
    gift = given(buy_one(GIVER), sender="Lin", greeting="see http://bad.example now")
    to: dict[str, Any] = {"given": gift, "by": f"user:{GIVER}", "ip_key": "k", "now": clock.now()}
    assert send_gift(to="13800138000", **to) == "138****8000"
    message = Message.objects.get()
    assert (message.kind, message.template) == ("sms", "gift_link")
    from accounts.rendering import rendered

    text = rendered(message).text
    assert "bad.example" not in text
    assert gift.token in text
    for _ in range(2):
        send_gift(to="13800138000", **to)
    with pytest.raises(TooManySent):
        send_gift(to="13800138000", **to)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("林晚", "林晚"),
        ("http://evil.example/x", "httpevilexamplex"),
        ("  Ann-Marie  O'Neil ", "Ann-Marie O'Neil"),
        ("a\u202eb\x00c<b>", "abcb"),
        ("名" * 50, "名" * 20),
    ],
)
def test_a_name_is_no_link(typed: str, kept: str) -> None:
    assert plain_name(typed) == kept


def test_a_greeting_keeps_its_lines_and_loses_control_signs() -> None:
    assert plain_text(" a\r\nb\x07\u202e ") == "a\nb"
    assert len(plain_text("x" * 900)) == 200
