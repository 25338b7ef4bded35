"""Shares of the pool: reserved units, caps, moves, ends, and what each channel's shelf says."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog import snapshot
from catalog.models import ChannelShelf, Sku
from core import clock
from core.crypto import ensure_data_key, forget_keys
from core.invariants import check_all
from core.tx import step
from fulfillment.invariants import SHARES, VAULT
from fulfillment.models import Code, PoolShare, ShareMove, ShareTicket
from fulfillment.services.hold import HoldLine, SoldOut, hold
from fulfillment.services.open_deliveries import OpenLine, open_deliveries
from fulfillment.services.pool.move_share import EVERYBODY, NothingToMove, move_share
from fulfillment.services.pool.quarantine_codes import freeze_batch
from fulfillment.services.pool.set_cap import lift_cap, set_cap
from fulfillment.services.pool.sweep_pool import sweep_pool
from fulfillment.services.release import release
from tests.factories.fulfillment import make_stock

pytestmark = pytest.mark.usefixtures("committed")
BY = "user:usr_OP"


@pytest.fixture(autouse=True)
def _vault(committed: None, settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.STATE_DIR = tmp_path
    for forget in (snapshot.forget, forget_keys):
        forget()
    ensure_data_key()
    yield
    # Those of this floor: there is no order here for which a unit could be kept.
    known = {**VAULT, **SHARES}
    broken = [str(v) for v in check_all(now=clock.now()) if v.invariant.id in known]
    assert broken == []
    for forget in (snapshot.forget, forget_keys):
        forget()


def keep(reference: str, sku: Sku, units: int, channel: str) -> None:
    now = clock.now()
    with step():
        hold(
            reference=reference, lines=[HoldLine("a", sku.pk, units)], channel=channel, now=now,
            until=now + timedelta(minutes=15),
        )  # fmt: skip


def buy(reference: str, sku: Sku, units: int, channel: str) -> None:
    keep(reference, sku, units, channel)
    with step():
        open_deliveries(
            reference=reference, owner=None, channel=channel, now=clock.now(),
            lines=[OpenLine("a", sku.pk, units)],
        )  # fmt: skip


def let_go(reference: str) -> None:
    with step():
        release(reference=reference, now=clock.now(), why="canceled")


def move(sku: Sku, units: int, *, giver: str = EVERYBODY, taker: str = EVERYBODY) -> int:
    return move_share(
        sku_id=sku.pk, giver=giver, taker=taker, units=units, by=BY, why="live", now=clock.now()
    )


def cap(sku: Sku, channel: str, units: int) -> int:
    return set_cap(sku_id=sku.pk, channel=channel, units=units, by=BY, why="test", now=clock.now())


def shares(sku: Sku) -> list[str]:
    return sorted(Code.objects.filter(sku=sku, state="available").values_list("share", flat=True))


def test_what_is_reserved_is_taken_by_its_channel_first_and_by_no_other() -> None:
    sku = make_stock(5)
    assert move(sku, 2, taker="live") == 2
    buy("ord_1", sku, 1, "live")
    assert shares(sku) == ["", "", "", "live"]
    with pytest.raises(SoldOut):
        keep("ord_2", sku, 4, "main")
    buy("ord_3", sku, 3, "main")
    with pytest.raises(SoldOut):
        keep("ord_4", sku, 1, "main")
    buy("ord_5", sku, 1, "live")


def test_one_order_takes_what_is_reserved_and_the_rest_of_what_is_free() -> None:
    sku = make_stock(5)
    move(sku, 2, taker="live")
    keep("ord_1", sku, 4, "live")
    assert shares(sku) == [""]
    assert sorted(Code.objects.filter(state="held").values_list("share", flat=True)) == [
        "", "", "live", "live",
    ]  # fmt: skip
    with pytest.raises(SoldOut):
        keep("ord_2", sku, 2, "live")


def test_a_capped_channel_gets_no_more_than_its_cap_until_somebody_walks_away() -> None:
    sku = make_stock(6)
    assert cap(sku, "partner", 2) == 2
    buy("ord_1", sku, 1, "partner")
    keep("ord_2", sku, 1, "partner")
    with pytest.raises(SoldOut):
        keep("ord_3", sku, 1, "partner")
    let_go("ord_2")
    keep("ord_4", sku, 1, "partner")
    assert ShareTicket.objects.filter(code=None).count() == 0
    keep("ord_5", sku, 4, "main")


def test_a_cap_ends_at_what_is_used_and_can_be_lifted() -> None:
    sku = make_stock(6)
    cap(sku, "partner", 5)
    buy("ord_1", sku, 3, "partner")
    assert cap(sku, "partner", 1) == 3
    with pytest.raises(SoldOut):
        keep("ord_2", sku, 1, "partner")
    assert lift_cap(sku_id=sku.pk, channel="partner", by=BY, why="enough", now=clock.now())
    keep("ord_3", sku, 3, "partner")
    assert not lift_cap(sku_id=sku.pk, channel="partner", by=BY, why="again", now=clock.now())


def test_a_frozen_batch_gives_its_tickets_back() -> None:
    sku = make_stock(2)
    cap(sku, "partner", 1)
    keep("ord_1", sku, 1, "partner")
    batch = Code.objects.first().batch  # type: ignore[union-attr]
    freeze_batch(batch_id=batch.public_id, by=BY, why="strange", now=clock.now())
    assert ShareTicket.objects.filter(code=None).count() == 1


def test_moves_are_written_down_and_leave_what_is_held() -> None:
    sku = make_stock(4)
    move(sku, 3, taker="live")
    keep("ord_1", sku, 2, "live")
    assert move(sku, 9, giver="live", taker="corner") == 1
    with pytest.raises(NothingToMove):
        move(sku, 1, giver="live", taker="corner")
    with pytest.raises(NothingToMove):
        move(sku, 1, giver="corner", taker="corner")
    moves = ShareMove.objects.order_by("id").values_list("giver", "taker", "units")
    assert list(moves) == [("", "live", 3), ("live", "corner", 1)]


def test_a_share_with_an_end_returns_to_everybody_and_then_goes() -> None:
    sku = make_stock(4)
    move(sku, 3, taker="live")
    cap(sku, "live", 3)
    keep("ord_1", sku, 1, "live")
    PoolShare.objects.update(ends_at=clock.now())
    sweep_pool(now=clock.now())
    assert shares(sku) == ["", "", ""]
    assert PoolShare.objects.get().kind == "reserved"  # one unit is still out under its name
    let_go("ord_1")
    for _ in range(2):
        sweep_pool(now=clock.now())
    assert shares(sku) == ["", "", "", ""]
    assert not PoolShare.objects.exists()


def test_a_share_is_refilled_to_what_it_always_keeps() -> None:
    sku = make_stock(6)
    move(sku, 1, taker="live")
    PoolShare.objects.update(keep_units=3)
    sweep_pool(now=clock.now())
    assert shares(sku).count("live") == 3
    buy("ord_1", sku, 2, "live")
    sweep_pool(now=clock.now())
    assert shares(sku).count("live") == 3
    assert shares(sku).count("") == 1


def test_every_channel_has_the_word_that_is_true_for_it() -> None:
    sku = make_stock(30)
    move(sku, 25, taker="live")
    cap(sku, "partner", 0)
    sku.refresh_from_db()
    assert sku.availability == "low"
    shown = dict(ChannelShelf.objects.values_list("channel", "availability"))
    assert shown == {"live": "in", "partner": "out"}
    move(sku, 25, giver="live")
    lift_cap(sku_id=sku.pk, channel="partner", by=BY, why="over", now=clock.now())
    assert not ChannelShelf.objects.exists()
    sku.refresh_from_db()
    assert sku.availability == "in"
