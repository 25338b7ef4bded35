"""Those who are owed are paid: by two persons, once, under the bank's number; and it all adds up."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import translation

from core import approvals, clock, invariants, ledger
from core.approvals import NotAllowed, SelfApproval, StalePayload
from fulfillment.models import Merchant, PayeeKind, Payout
from fulfillment.queries.account import account
from fulfillment.redemption import ClerkView, Redeemed
from fulfillment.services.redeeming.redeem import redeem
from fulfillment.services.redeeming.undo_redemption import undo_redemption
from fulfillment.services.settlement.end_payout import NotAgreed, confirm_payout, return_payout
from fulfillment.services.settlement.propose_payouts import NothingOwed, propose_payouts
from fulfillment.services.settlement.sweep_settlement import SETTLE_SECONDS, sweep_settlement
from fulfillment.settling import account_of
from tests.factories.accounts import make_staff
from tests.factories.redemption import make_clerk, make_store, make_voucher_sku, sell_voucher
from tests.factories.supply import BY
from tests.fulfillment.settlement.test_terms import stock

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(db: None) -> tuple[str, str]:
    return make_staff("finance").public_id, make_staff("finance").public_id


def used(share: int = 900, uses: int = 3) -> tuple[Merchant, ClerkView, list[Redeemed]]:
    """A merchant where a times-card was used as often as it goes."""
    store = make_store()
    clerk = make_clerk(store)
    sold = sell_voucher(make_voucher_sku(store, uses=uses, share_minor=share))
    done = [
        redeem(code=sold.code, clerk=clerk, nonce=f"n{n}", ip="", now=clock.now())
        for n in range(uses)
    ]
    return store.merchant, clerk, done


def propose(maker: str) -> str:
    return propose_payouts(
        kind=PayeeKind.MERCHANT, until=clock.now(), by=maker, reason="October", now=clock.now()
    ).approval


def agree(approval: str, checker: str, *, yes: bool = True) -> None:
    approvals.decide(approval_id=approval, by=checker, agree=yes, now=clock.now())


def owed(merchant: Merchant) -> int:
    return -ledger.balance(account_of(PayeeKind.MERCHANT, merchant.code))


def sound() -> None:
    for family in ("INV-F", "INV-L1", "INV-L3", "INV-A1"):
        assert [str(v) for v in invariants.check_all(now=clock.now(), grace=0, only=family)] == []


def test_a_merchant_is_paid_what_was_redeemed_there(pair: tuple[str, str]) -> None:
    merchant, _clerk, _done = used()
    assert owed(merchant) == 2700
    agree(propose(pair[0]), pair[1])
    payout = Payout.objects.get()
    assert (payout.payee, payout.amount_minor, payout.state) == (merchant.code, 2700, "approved")
    assert (owed(merchant), ledger.balance("payouts_under_way")) == (0, -2700)
    sound()
    confirm_payout(payout=payout.public_id, bank_no="B1", by=BY, now=clock.now())
    assert (ledger.balance("payouts_under_way"), ledger.balance("bank")) == (0, -2700)
    with pytest.raises(NotAgreed):
        confirm_payout(payout=payout.public_id, bank_no="B2", by=BY, now=clock.now())
    sound()


def test_one_person_pays_nobody(pair: tuple[str, str]) -> None:
    merchant, _clerk, _done = used()
    approval = propose(pair[0])
    with pytest.raises(SelfApproval):
        agree(approval, pair[0])
    with pytest.raises(NotAllowed):
        agree(approval, make_staff("support").public_id)
    with pytest.raises(NotAgreed):
        confirm_payout(payout=Payout.objects.get().public_id, bank_no="B1", by=BY, now=clock.now())
    assert (owed(merchant), ledger.balance("bank")) == (2700, 0)


def test_nobody_is_proposed_twice(pair: tuple[str, str]) -> None:
    used()
    approval = propose(pair[0])
    with pytest.raises(NothingOwed):
        propose(pair[0])
    agree(approval, pair[1], yes=False)
    again = propose(pair[0])
    assert set(Payout.objects.values_list("state", flat=True)) == {"canceled", "proposed"}
    agree(again, pair[1])
    with pytest.raises(NothingOwed):
        propose(pair[0])
    sound()


def test_a_refused_proposal_is_over_by_itself(pair: tuple[str, str]) -> None:
    merchant, _clerk, _done = used()
    approval = propose(pair[0])
    sweep_settlement(now=clock.now())
    assert Payout.objects.get().state == "proposed"
    agree(approval, pair[1], yes=False)
    sweep_settlement(now=clock.now() + timedelta(seconds=SETTLE_SECONDS + 1))
    assert Payout.objects.get().state == "canceled"
    assert owed(merchant) == 2700
    sound()


def test_an_undone_use_makes_the_proposal_stale(pair: tuple[str, str]) -> None:
    merchant, clerk, done = used()
    approval = propose(pair[0])
    undo_redemption(
        redemption=done[0].redemption, clerk=clerk, nonce="u", reason="wrong", now=clock.now()
    )
    with pytest.raises(StalePayload):
        agree(approval, pair[1])
    assert owed(merchant) == 1800
    agree(approval, pair[1], yes=False)
    agree(propose(pair[0]), pair[1])
    assert Payout.objects.get(state="approved").amount_minor == 1800
    sound()


def test_a_use_undone_after_the_payout_lessens_the_next_one(pair: tuple[str, str]) -> None:
    merchant, clerk, done = used()
    agree(propose(pair[0]), pair[1])
    undo_redemption(
        redemption=done[0].redemption, clerk=clerk, nonce="u", reason="wrong", now=clock.now()
    )
    assert owed(merchant) == -900
    with pytest.raises(NothingOwed):
        propose(pair[0])
    sound()


def test_what_was_earned_later_waits_for_the_next_run(pair: tuple[str, str]) -> None:
    used()
    with pytest.raises(NothingOwed):
        propose_payouts(
            kind=PayeeKind.MERCHANT, until=clock.now() - timedelta(days=1), by=pair[0], reason="x",
            now=clock.now(),
        )  # fmt: skip
    with pytest.raises(ValueError, match="later"):
        propose_payouts(
            kind=PayeeKind.MERCHANT, until=clock.now() + timedelta(days=1), by=pair[0], reason="x",
            now=clock.now(),
        )  # fmt: skip


def test_what_the_bank_sent_back_is_owed_again(pair: tuple[str, str]) -> None:
    merchant, _clerk, _done = used()
    agree(propose(pair[0]), pair[1])
    payout = Payout.objects.get()
    return_payout(payout=payout.public_id, why="account closed", by=BY, now=clock.now())
    assert (owed(merchant), ledger.balance("payouts_under_way")) == (2700, 0)
    sound()
    agree(propose(pair[0]), pair[1])
    assert Payout.objects.filter(state="approved").count() == 1


def test_a_number_of_the_bank_pays_one_payout(pair: tuple[str, str]) -> None:
    used()
    used()
    agree(propose(pair[0]), pair[1])
    first, second = Payout.objects.order_by("pk")
    confirm_payout(payout=first.public_id, bank_no="B1", by=BY, now=clock.now())
    with pytest.raises(IntegrityError):
        confirm_payout(payout=second.public_id, bank_no="B1", by=BY, now=clock.now())


def test_a_supplier_on_account_is_paid_the_same_way(pair: tuple[str, str]) -> None:
    supplier, _batch = stock("credit")
    run = propose_payouts(
        kind=PayeeKind.SUPPLIER, until=clock.now(), by=pair[0], reason="x", now=clock.now()
    )
    agree(run.approval, pair[1])
    confirm_payout(payout=Payout.objects.get().public_id, bank_no="B9", by=BY, now=clock.now())
    assert ledger.balance(f"supplier_payable:{supplier.code}") == 0
    sound()


def test_a_statement_of_account_adds_up(pair: tuple[str, str]) -> None:
    merchant, clerk, done = used()
    undo_redemption(
        redemption=done[0].redemption, clerk=clerk, nonce="u", reason="wrong", now=clock.now()
    )
    agree(propose(pair[0]), pair[1])
    now = clock.now()
    whole = account(
        PayeeKind.MERCHANT,
        merchant.code,
        start=now - timedelta(days=1),
        end=now + timedelta(days=1),
    )
    assert (whole.opening_minor, whole.closing_minor) == (0, 0)
    with translation.override("en"):
        kinds = [(str(title), n, minor) for title, n, minor in whole.kinds]
    assert kinds == [
        ("Payouts", 1, 1800), ("Vouchers used", 3, -2700), ("Uses undone", 1, 900),
    ]  # fmt: skip
    assert whole.opening_minor + sum(minor for _t, _n, minor in whole.kinds) == whole.closing_minor
    later = account(
        PayeeKind.MERCHANT,
        merchant.code,
        start=now + timedelta(days=1),
        end=now + timedelta(days=2),
    )
    assert (later.opening_minor, list(later.entries)) == (0, [])
