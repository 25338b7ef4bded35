"""Many clerks on one voucher: used as often as it says, once for each scan, undone once."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from catalog import snapshot
from core import clock, ledger
from core.crypto import ensure_data_key, forget_keys
from core.faults import without
from core.invariants import check_all
from core.models import OutboxEvent
from core.tx import step
from fulfillment.models import ClerkRole, Entitlement, Redemption
from fulfillment.redemption import ClerkView, PartlyUsed, Redeemed, RedeemRefused, Refusal
from fulfillment.services.redeeming.issue_voucher import reissue_voucher
from fulfillment.services.redeeming.redeem import redeem
from fulfillment.services.redeeming.undo_redemption import undo_redemption
from fulfillment.services.revoke_delivery import revoke_refunded
from tests.factories.redemption import Sold, make_clerk, make_store, make_voucher_sku, sell_voucher
from tests.races.crowd import crowd

pytestmark = pytest.mark.usefixtures("committed")
CLERKS, CARD = 100, 10


@pytest.fixture(autouse=True)
def _quiet(committed: None, settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.STATE_DIR = tmp_path
    settings.TEST_HOOKS = True
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys):
        forget()
    ensure_data_key()
    yield
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys):
        forget()


class Heard:
    """What a crowd was told: uses that count, and reasons why not."""

    def __init__(self) -> None:
        self.done: list[Redeemed] = []
        self.refused: Counter[str] = Counter()
        self.lock = threading.Lock()

    def scan(self, code: str, clerk: ClerkView, nonce: str, **asked: Any) -> None:
        self.note(
            lambda: redeem(code=code, clerk=clerk, nonce=nonce, ip="", now=clock.now(), **asked)
        )

    def note(self, work: Callable[[], Redeemed]) -> None:
        try:
            told = work()
            with self.lock:
                self.done.append(told)
        except RedeemRefused as refused:
            with self.lock:
                self.refused[refused.reason] += 1


def a_card(uses: int = CARD, clerks: int = CLERKS, **terms: Any) -> tuple[Sold, list[ClerkView]]:
    store = make_store()
    people = [make_clerk(store, role=ClerkRole.LEAD) for _ in range(clerks)]
    return sell_voucher(make_voucher_sku(store, uses=uses, **terms)), people


def scan_at_once(sold: Sold, clerks: list[ClerkView], **asked: Any) -> Heard:
    heard = Heard()
    crowd(lambda clerk: heard.scan(sold.code, clerk, "n", **asked), clerks, threads=CLERKS)
    return heard


def wrongs() -> list[str]:
    return [str(v) for v in check_all(now=clock.now()) if v.invariant.id[4] in "DSLAV"]


def test_100_clerks_on_a_card_of_10() -> None:
    sold, clerks = a_card(share_minor=300)
    heard = scan_at_once(sold, clerks)
    assert len(heard.done) == CARD
    assert heard.refused == {Refusal.USED_UP: CLERKS - CARD}
    assert sorted(done.uses_left or 0 for done in heard.done) == list(range(CARD))
    assert Redemption.objects.count() == CARD
    assert OutboxEvent.objects.filter(topic="fulfillment.Redeemed").count() == CARD
    assert (Entitlement.objects.get().state, wrongs()) == ("exhausted", [])


def test_without_its_guard_the_card_would_be_used_too_often() -> None:
    sold, clerks = a_card()
    with without("redeem.left"):
        heard = scan_at_once(sold, clerks)
    assert len(heard.done) > CARD
    assert any("INV-V1" in wrong for wrong in wrongs())


def test_100_clerks_on_an_amount() -> None:
    store = make_store()
    clerks = [make_clerk(store) for _ in range(CLERKS)]
    sold = sell_voucher(make_voucher_sku(store, amount_minor=10_000, share_bp=7_777))
    heard = scan_at_once(sold, clerks, amount_minor=937)
    assert len(heard.done) == 10
    assert heard.refused == {Refusal.TOO_MUCH: CLERKS - 10}
    assert (Entitlement.objects.get().amount_left_minor, wrongs()) == (630, [])


def test_one_scan_sent_many_times_at_once_is_one_use() -> None:
    sold, clerks = a_card(clerks=1)
    heard = scan_at_once(sold, clerks * 60)
    assert len(heard.done) == 60
    assert heard.refused == {}
    assert Counter(done.replayed for done in heard.done) == {False: 1, True: 59}
    assert len({(d.redemption, d.uses_left, d.at, d.undo_until) for d in heard.done}) == 1
    assert Redemption.objects.count() == 1
    assert (Entitlement.objects.get().uses_left, wrongs()) == (CARD - 1, [])


def test_one_scan_that_takes_the_last_use_is_told_the_same_each_time() -> None:
    sold, clerks = a_card(uses=1, clerks=1)
    heard = scan_at_once(sold, clerks * 60)
    assert (len(heard.done), heard.refused) == (60, {})
    assert {done.uses_left for done in heard.done} == {0}
    assert Redemption.objects.count() == 1


def test_without_its_nonce_one_scan_would_be_many_uses() -> None:
    sold, clerks = a_card(clerks=1)
    with without("redeem.nonce"):
        scan_at_once(sold, clerks * 60)
    assert Redemption.objects.count() > 1


def test_one_scan_on_two_vouchers_is_a_use_of_one() -> None:
    store = make_store()
    clerk, sku = make_clerk(store), make_voucher_sku(store)
    sold = [sell_voucher(sku) for _ in range(20)]
    heard = Heard()
    crowd(lambda one: heard.scan(one.code, clerk, "n"), sold, threads=20)
    assert len(heard.done) == 1
    assert heard.refused == {Refusal.NONCE_REUSED: 19}
    assert (Redemption.objects.count(), wrongs()) == (1, [])


def test_many_undo_one_use_once() -> None:
    sold, clerks = a_card()
    use = redeem(code=sold.code, clerk=clerks[0], nonce="n", ip="", now=clock.now())
    heard = Heard()

    def undo(clerk: ClerkView) -> None:
        heard.note(
            lambda: undo_redemption(
                redemption=use.redemption, clerk=clerk, nonce="u", reason="", now=clock.now()
            )
        )

    crowd(undo, clerks[:40] + [clerks[0]] * 20, threads=60)
    # One clerk may have been first and have asked again: then it is told the same.
    assert len({done.redemption for done in heard.done}) == 1
    assert set(heard.refused) == {Refusal.ALREADY_UNDONE}
    assert Redemption.objects.filter(kind="undo").count() == 1
    assert (Entitlement.objects.get().uses_left, wrongs()) == (CARD, [])


def test_undo_races_with_redeem() -> None:
    """Uses and undoes mixed on a small card: it never goes below nothing, nor above what it had."""
    sold, clerks = a_card(uses=3, share_minor=100)
    heard = Heard()

    def turn(clerk: ClerkView) -> None:
        for number in range(3):
            before = len(heard.done)
            heard.scan(sold.code, clerk, f"n{number}")
            if len(heard.done) == before:
                continue
            mine = Redemption.objects.filter(actor=clerk.actor, nonce=f"n{number}").first()
            if mine is not None:
                heard.note(
                    lambda: undo_redemption(
                        redemption=mine.public_id,  # noqa: B023  called at once
                        clerk=clerk, nonce=f"u{number}", reason="", now=clock.now(),  # noqa: B023
                    )
                )  # fmt: skip

    crowd(turn, clerks[:24], threads=24)
    uses, undone = (Redemption.objects.filter(kind=kind).count() for kind in ("use", "undo"))
    assert uses > 3
    left = Entitlement.objects.get().uses_left
    assert left == 3 - uses + undone
    assert wrongs() == []


def test_a_refund_and_a_scan_never_both_win() -> None:
    store = make_store()
    clerk, sku = make_clerk(store), make_voucher_sku(store)
    for _round in range(12):
        sold = sell_voucher(sku)
        heard = Heard()
        refunded: list[bool] = []

        def refund(sold: Sold = sold, refunded: list[bool] = refunded) -> None:
            try:
                with step():
                    refunded.append(
                        revoke_refunded(
                            delivery=sold.delivery, approval="apr_T", by="user:x", now=clock.now()
                        )
                    )
            except PartlyUsed:
                refunded.append(False)

        def scan(sold: Sold = sold, heard: Heard = heard) -> None:
            heard.scan(sold.code, clerk, sold.code)

        crowd(lambda work: work(), [refund, scan], threads=2)
        assert refunded[0] != bool(heard.done)
        assert set(heard.refused) <= {Refusal.REVOKED}
    assert wrongs() == []


def test_a_replaced_code_dies_at_once() -> None:
    sold, clerks = a_card(uses=500, clerks=20)
    heard = Heard()
    replaced = threading.Event()
    late: list[bool] = []

    def scan(clerk: ClerkView) -> None:
        for number in range(10):
            known = replaced.is_set()
            before = heard.refused.total()
            heard.scan(sold.code, clerk, f"n{number}")
            if known:
                late.append(heard.refused.total() > before)

    def replace() -> None:
        try:
            connection.ensure_connection()
            with step():
                reissue_voucher(entitlement=sold.entitlement, now=clock.now())
            replaced.set()
        finally:
            connections.close_all()

    thread = threading.Thread(target=replace)
    thread.start()
    crowd(scan, clerks, threads=20)
    thread.join()
    assert set(heard.refused) <= {Refusal.REPLACED}
    assert all(late)
    assert wrongs() == []
