"""Shares under storm: sixty-four buyers over all channels, with people moving shares meanwhile (D8)."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from catalog import snapshot
from core import clock, ledger
from core.crypto import ensure_data_key, forget_keys
from core.faults import without
from core.invariants import check_all
from core.tx import step
from fulfillment.invariants import SHARES, VAULT
from fulfillment.models import Code, ShareTicket
from fulfillment.services.hold import HoldLine, SoldOut, hold
from fulfillment.services.open_deliveries import OpenLine, open_deliveries
from fulfillment.services.pool.move_share import EVERYBODY, NothingToMove, move_share
from fulfillment.services.pool.set_cap import set_cap
from fulfillment.services.release import release
from tests.factories.fulfillment import make_stock
from tests.races.crowd import crowd

pytestmark = pytest.mark.usefixtures("committed")
CHANNELS = ("live", "partner", "main", "corner")


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


def broken() -> list[str]:
    known = {**VAULT, **SHARES}
    return [str(v) for v in check_all(now=clock.now()) if v.invariant.id in known]


def order(number: int, sku_id: int, channel: str, *, walk_away: bool = False) -> bool:
    reference, now = f"ord_{number}", clock.now()
    try:
        with step():
            hold(
                reference=reference, lines=[HoldLine("a", sku_id, 1)], channel=channel, now=now,
                until=now + timedelta(minutes=15),
            )  # fmt: skip
    except SoldOut:
        return False
    with step():
        if walk_away:
            release(reference=reference, now=now, why="canceled")
            return False
        open_deliveries(
            reference=reference, owner=None, channel=channel, now=now,
            lines=[OpenLine("a", sku_id, 1)],
        )  # fmt: skip
    return True


def move(sku_id: int, units: int, giver: str, taker: str) -> None:
    with suppress(NothingToMove):
        move_share(
            sku_id=sku_id, giver=giver, taker=taker, units=units, by="user:usr_OP", why="storm",
            now=clock.now(),
        )  # fmt: skip


def test_a_thousand_units_three_hundred_for_one_channel_and_two_hundred_at_most_for_another() -> (
    None
):
    sku = make_stock(1000)
    move(sku.pk, 300, EVERYBODY, "live")
    set_cap(sku_id=sku.pk, channel="partner", units=200, by="user:usr_OP", why="t", now=clock.now())
    sold: Counter[str] = Counter()

    def attempt(number: int) -> None:
        # The channel with a reserve comes last: it must still find it.
        channel = ("partner", "main", "corner")[number % 3] if number < 1200 else "live"
        if order(number, sku.pk, channel, walk_away=number % 25 == 0 and number < 1200):
            sold[channel] += 1

    crowd(attempt, range(1200))
    crowd(attempt, range(1200, 1500))
    assert sold["partner"] <= 200
    assert sold["live"] == 300
    assert sum(sold.values()) == Code.objects.filter(state="sold").count()
    assert sold.total() == 1000
    used = ShareTicket.objects.exclude(code=None).count()
    assert used == sold["partner"]
    assert broken() == []


def storm(sku_id: int, *, orders: int) -> None:
    """Buyers of every channel, and every eighth hand moves a share."""

    def act(number: int) -> None:
        dice = random.Random(number)
        if number % 8 == 0:
            giver, taker = dice.sample([EVERYBODY, "live", "corner"], 2)
            move(sku_id, dice.randint(1, 20), giver, taker)
        else:
            order(number, sku_id, dice.choice(CHANNELS), walk_away=number % 5 == 0)

    crowd(act, range(orders))


def test_moving_shares_during_the_sale_keeps_every_rule() -> None:
    sku = make_stock(250)
    move(sku.pk, 80, EVERYBODY, "live")
    set_cap(sku_id=sku.pk, channel="partner", units=40, by="user:usr_OP", why="t", now=clock.now())
    storm(sku.pk, orders=600)
    assert broken() == []


def take_while_somebody_moves(sku_id: int) -> None:
    """A buyer has taken the only unit and not committed; a hand moves it to another channel."""
    mover = threading.Thread(target=_move_and_leave, args=(sku_id,))
    now = clock.now()
    with step():
        hold(
            reference="ord_1", lines=[HoldLine("a", sku_id, 1)], channel="live", now=now,
            until=now + timedelta(minutes=15),
        )  # fmt: skip
        mover.start()
        mover.join(timeout=1)
    mover.join()


def _move_and_leave(sku_id: int) -> None:
    move(sku_id, 1, "live", "corner")
    connections.close_all()


def test_a_unit_that_is_being_taken_stays_in_its_share() -> None:
    sku = make_stock(1)
    move(sku.pk, 1, EVERYBODY, "live")
    take_while_somebody_moves(sku.pk)
    assert Code.objects.get().share == "live"
    assert broken() == []


def test_without_the_guard_a_unit_changes_its_share_after_it_was_taken() -> None:
    """The negative control: moving by what was seen, not by what is locked."""
    sku = make_stock(1)
    move(sku.pk, 1, EVERYBODY, "live")
    with without("share.lock"):
        take_while_somebody_moves(sku.pk)
    assert [line for line in broken() if line.startswith("INV-S81")]
