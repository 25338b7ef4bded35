"""Taking a use back: once, by the right person, in time; afterwards by two persons."""

from datetime import timedelta
from typing import Any

import pytest

from core import approvals, clock, ledger
from core.invariants import check_all
from core.models import AuditEntry, OutboxEvent, StateChange
from fulfillment.models import Clerk, ClerkRole, Entitlement, Redemption
from fulfillment.redemption import ClerkView, Redeemed, RedeemRefused, Refusal
from fulfillment.services.redeeming.redeem import redeem
from fulfillment.services.redeeming.undo_redemption import request_undo, undo_redemption
from tests.factories.accounts import make_staff
from tests.factories.redemption import make_clerk, make_store, make_voucher_sku, sell_voucher

pytestmark = pytest.mark.django_db


def used_at_a_store(uses: int = 1, **terms: Any) -> tuple[ClerkView, Redeemed]:
    store = make_store()
    clerk, sold = make_clerk(store), sell_voucher(make_voucher_sku(store, uses=uses, **terms))
    done = redeem(code=sold.code, clerk=clerk, nonce="use", ip="", now=clock.now())
    return clerk, done


def undo(done: Redeemed, clerk: ClerkView, nonce: str = "undo", late: int = 0) -> Redeemed:
    return undo_redemption(
        redemption=done.redemption, clerk=clerk, nonce=nonce, reason="wrong drink",
        now=clock.now() + timedelta(seconds=late),
    )  # fmt: skip


def refused(done: Redeemed, clerk: ClerkView, nonce: str = "undo", late: int = 0) -> Refusal:
    left = Entitlement.objects.get().uses_left
    with pytest.raises(RedeemRefused) as caught:
        undo(done, clerk, nonce, late)
    assert Entitlement.objects.get().uses_left == left
    return caught.value.reason


def assert_sound() -> None:
    assert [str(v) for v in check_all(now=clock.now()) if v.invariant.id[4] in "DSLAV"] == []


def test_a_use_is_given_back() -> None:
    clerk, done = used_at_a_store(share_minor=900)
    back = undo(done, clerk)
    assert (back.uses, back.uses_left, back.replayed) == (1, 1, False)
    owned = Entitlement.objects.get()
    assert (owned.state, owned.uses_left) == ("active", 1)
    row = Redemption.objects.get(kind="undo")
    assert (row.undo_of, row.why, row.actor) == (
        Redemption.objects.get(kind="use"), "wrong drink", clerk.actor,
    )  # fmt: skip
    changes = StateChange.objects.filter(entity="entitlement").order_by("id")
    assert [(c.was, c.became) for c in changes] == [
        ("issued", "exhausted"), ("exhausted", "active"),
    ]  # fmt: skip
    assert sum(ledger.balance(account) for account in ("cogs",)) == 0
    told = OutboxEvent.objects.get(topic="fulfillment.RedemptionUndone").payload
    assert (told["undo_of"], told["share_minor"], told["uses"]) == (done.redemption, 900, 1)
    assert_sound()


def test_once_and_the_same_answer_again() -> None:
    clerk, done = used_at_a_store(uses=3)
    first, again = undo(done, clerk), undo(done, clerk)
    assert (again.replayed, again.redemption, again.uses_left) == (True, first.redemption, 3)
    assert refused(done, clerk, "other") == Refusal.ALREADY_UNDONE
    assert refused(done, clerk, "use") == Refusal.NONCE_REUSED
    assert Redemption.objects.count() == 2
    assert_sound()


def test_after_an_undo_it_can_be_used_again_and_undone_again() -> None:
    store = make_store()
    clerk, sold = make_clerk(store), sell_voucher(make_voucher_sku(store))
    for turn in range(3):
        done = redeem(code=sold.code, clerk=clerk, nonce=f"use{turn}", ip="", now=clock.now())
        assert done.uses_left == 0
        assert undo(done, clerk, f"undo{turn}").uses_left == 1
    assert_sound()


def test_only_while_the_window_is_open() -> None:
    clerk, done = used_at_a_store(undo_seconds=60)
    assert refused(done, clerk, late=61) == Refusal.UNDO_TOO_LATE
    assert undo(done, clerk, late=50).uses_left == 1


def test_only_who_scanned_or_the_lead() -> None:
    clerk, done = used_at_a_store()
    store = Clerk.objects.get(public_id=clerk.actor).store
    assert refused(done, make_clerk(store)) == Refusal.NOT_YOURS
    sister = make_store(store.merchant)
    assert refused(done, make_clerk(sister, role=ClerkRole.LEAD)) == Refusal.NOT_YOURS
    assert refused(done, make_clerk(make_store(), role=ClerkRole.LEAD)) == Refusal.NO_SUCH_USE
    Clerk.objects.filter(public_id=clerk.actor).update(is_active=False)
    assert refused(done, clerk) == Refusal.CLERK_OFF
    assert undo(done, make_clerk(store, role=ClerkRole.LEAD)).uses_left == 1


def test_nothing_comes_back_on_a_voucher_that_was_taken_back() -> None:
    clerk, done = used_at_a_store(uses=2)
    Entitlement.objects.update(state="revoked")
    assert refused(done, clerk) == Refusal.REVOKED


def test_what_is_no_use_cannot_be_undone() -> None:
    clerk, done = used_at_a_store()
    back = undo(done, clerk)
    with pytest.raises(RedeemRefused) as caught:
        undo_redemption(
            redemption=back.redemption, clerk=clerk, nonce="x", reason="", now=clock.now()
        )
    assert caught.value.reason == Refusal.NO_SUCH_USE


def test_two_persons_undo_it_later() -> None:
    _clerk, done = used_at_a_store(share_minor=500)
    maker, checker = (make_staff("operator").public_id for _ in range(2))
    later = clock.now() + timedelta(days=2)
    asked = request_undo(redemption=done.redemption, by=maker, reason="wrong guest", now=later)
    approvals.decide(approval_id=asked.public_id, by=checker, agree=True, now=later)
    row = Redemption.objects.get(kind="undo")
    assert (row.actor, row.why, row.uses_left) == (asked.public_id, "wrong guest", 1)
    assert AuditEntry.objects.get(tag="redemption:undone").subject == done.redemption
    assert Entitlement.objects.get().state == "active"
    with pytest.raises(RedeemRefused):
        request_undo(redemption=done.redemption, by=maker, reason="again", now=later)
    assert_sound()


def test_what_was_undone_meanwhile_is_not_undone_by_two_persons() -> None:
    clerk, done = used_at_a_store()
    maker, checker = (make_staff("operator").public_id for _ in range(2))
    asked = request_undo(redemption=done.redemption, by=maker, reason="wrong", now=clock.now())
    undo(done, clerk)
    with pytest.raises(approvals.StalePayload):
        approvals.decide(approval_id=asked.public_id, by=checker, agree=True, now=clock.now())
    assert Entitlement.objects.get().uses_left == 1
