"""Payouts under hands that want to break them: statements that can fail, and a crowd at one payout."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import IntegrityError

from core import clock, invariants, ledger
from core.approvals import NotOpen, StalePayload
from core.faults import without
from core.models import Approval
from fulfillment.models import Payout
from fulfillment.reconciliation.invariants import STATEMENTS
from fulfillment.services.redeeming.redeem import redeem
from fulfillment.services.redeeming.undo_redemption import undo_redemption
from fulfillment.services.settlement.end_payout import NotAgreed, confirm_payout, return_payout
from fulfillment.services.settlement.propose_payouts import ACTION, NothingOwed
from fulfillment.settling import account_of
from tests.factories.accounts import make_staff
from tests.factories.redemption import make_clerk, make_store, make_voucher_sku, sell_voucher
from tests.factories.supply import BY
from tests.fulfillment.settlement.test_payouts import agree, propose, used
from tests.races.crowd import crowd

BREAKS = {
    "INV-F1": "update fulfillment_redemption set share_minor = share_minor + 1",
    "INV-F2": "update fulfillment_payout set amount_minor = amount_minor + 1 where state = 'approved'",
    "INV-F3": "update fulfillment_payout set state = 'paid', bank_no = 'X' where state = 'approved'",
}


@pytest.fixture
def paid_and_waiting(committed: None) -> None:
    maker, checker = make_staff("finance").public_id, make_staff("finance").public_id
    used()
    used()
    agree(propose(maker), checker)
    confirm_payout(
        payout=Payout.objects.earliest("pk").public_id, bank_no="B1", by=BY, now=clock.now()
    )


@pytest.mark.parametrize("name", BREAKS)
def test_each_statement_can_fail(
    name: str, paid_and_waiting: None, owner_sql: Callable[..., list[tuple[Any, ...]]]
) -> None:
    assert invariants.check_all(now=clock.now(), grace=0, only="INV-F") == []
    owner_sql(f"set session_replication_role = replica; {BREAKS[name]}")
    found = [each.invariant.id for each in invariants.check_all(now=clock.now(), only=name)]
    assert found == [name]


def test_the_list_of_statements_is_complete() -> None:
    assert {row[0] for row in STATEMENTS} == set(BREAKS)


def at_once(payout: str) -> list[str]:
    """Three persons say that the bank paid it, three that it came back, all at one moment."""
    outcomes: list[str] = []

    def end(n: int) -> None:
        try:
            if n % 2:
                confirm_payout(payout=payout, bank_no=f"B{n}", by=BY, now=clock.now())
            else:
                return_payout(payout=payout, why="closed", by=BY, now=clock.now())
        except NotAgreed:
            outcomes.append("late")
        else:
            outcomes.append("paid" if n % 2 else "back")

    crowd(end, range(6), threads=6)
    return sorted(outcomes)


@pytest.fixture
def agreed_on(committed: None) -> str:
    maker, checker = make_staff("finance").public_id, make_staff("finance").public_id
    used()
    agree(propose(maker), checker)
    return Payout.objects.get().public_id


def test_a_payout_ends_once_however_many_say_how(agreed_on: str) -> None:
    outcomes = at_once(agreed_on)
    assert outcomes.count("late") == 5
    state = Payout.objects.get().state
    assert state == {"paid": "paid", "back": "failed"}[outcomes[-1 if "paid" in outcomes else 0]]
    assert ledger.balance("bank") == (-2700 if state == "paid" else 0)
    assert ledger.balance("payouts_under_way") == 0
    assert invariants.check_all(now=clock.now(), grace=0, only="INV-F") == []


def test_without_its_guard_a_payout_is_paid_and_owed_again(agreed_on: str, settings: Any) -> None:
    settings.TEST_HOOKS = True
    with without("payout.ended"):
        at_once(agreed_on)
    assert (ledger.balance("bank"), ledger.balance("payouts_under_way")) == (-2700, 2700)
    found = {each.invariant.id for each in invariants.check_all(now=clock.now(), only="INV-F")}
    assert {"INV-F2", "INV-F3"} <= found


def settle_what_waits(checker: str) -> None:
    """The second person decides on everything, and the bank pays what was agreed on."""
    asked = Approval.objects.filter(action=ACTION, state=Approval.State.REQUESTED)
    for approval in asked.order_by("pk").values_list("public_id", flat=True):
        with suppress(NotOpen):
            try:
                agree(approval, checker)
            except StalePayload:
                agree(approval, checker, yes=False)
    for payout in Payout.objects.filter(state="approved").order_by("pk"):
        with suppress(NotAgreed):
            confirm_payout(payout=payout.public_id, bank_no=f"B{payout.pk}", by=BY, now=clock.now())


def test_a_day_at_the_desk_pays_every_use_once(committed: None) -> None:
    """Clerks redeem and undo while others propose, agree and pay: nothing is paid twice or lost."""
    makers = [make_staff("finance").public_id for _ in range(2)]
    checker = make_staff("finance").public_id
    store = make_store()
    clerk = make_clerk(store)
    sku = make_voucher_sku(store, uses=20, share_minor=900)
    codes = [sell_voucher(sku).code for _ in range(3)]

    def work(n: int) -> None:
        kind = n % 4
        if kind < 2:
            done = redeem(code=codes[n % 3], clerk=clerk, nonce=f"n{n}", ip="", now=clock.now())
            if kind:
                undo_redemption(
                    redemption=done.redemption, clerk=clerk, nonce=f"u{n}", reason="x",
                    now=clock.now(),
                )  # fmt: skip
        elif kind == 2:
            with suppress(NothingOwed, IntegrityError):
                propose(makers[n // 4 % 2])
        else:
            settle_what_waits(checker)

    crowd(work, range(48), threads=8)
    for maker in makers:
        settle_what_waits(checker)
        with suppress(NothingOwed):
            propose(maker)
    settle_what_waits(checker)
    merchant = store.merchant
    paid = sum(Payout.objects.filter(state="paid").values_list("amount_minor", flat=True))
    # Twelve uses were kept. What was undone after its payout is owed back, and nothing else is.
    assert paid - 900 * 12 == ledger.balance(account_of("merchant", merchant.code)) >= 0
    assert -ledger.balance("bank") == paid
    assert invariants.check_all(now=clock.now(), grace=0, only="INV-F") == []
