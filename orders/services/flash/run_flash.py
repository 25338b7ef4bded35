"""A flash sale's life: its units are cut, it runs between its moments, it ends."""

from datetime import datetime

from catalog.queries import channel_by_code, default_channel, offer_by_id
from core import audit, transitions
from core.cache import bump
from core.each import each
from core.tx import part, step
from fulfillment.services.hold import HoldLine, SoldOut, hold
from fulfillment.services.release import release
from orders.models import FlashSale, FlashUnit
from orders.queries.flash import NAME
from orders.services.flash.flash_rule import flash_rule
from orders.states import FlashState

OPEN = (FlashState.SCHEDULED, FlashState.LIVE)


class NotCuttable(Exception):
    """The sale cannot be opened; `reason` is a key: state, over, price, floor, stock."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@step()
def cut_flash(*, sale: str, by: str, now: datetime) -> int:
    """Cut a draft's units and set its stock apart; from then on it starts by itself.

    Returns the units. Raises NotCuttable: not a draft, over already, no price in its channel, under
    the floor without an approved subsidy, or less stock in the pool than units.
    """
    row = FlashSale.objects.select_for_update(of=("self",)).get(public_id=sale)
    if row.state != FlashState.DRAFT:
        raise NotCuttable("state")
    if row.ends_at <= now:
        raise NotCuttable("over")
    _check_floor(row, now)
    try:
        hold(
            reference=row.public_id, lines=[HoldLine("flash", row.sku_id, row.units)],
            until=row.ends_at, channel="", now=now,
        )  # fmt: skip
    except SoldOut as short:
        raise NotCuttable("stock") from short
    FlashUnit.objects.bulk_create(FlashUnit(sale=row) for _ in range(row.units))
    _move(row, FlashState.SCHEDULED, by=by, now=now, why="units cut")
    audit.record(tag="flash:cut", by=by, subject=sale, now=now, after={"units": row.units})
    return row.units


@step()
def end_flash(*, sale: str, by: str, now: datetime, why: str) -> bool:
    """End a sale now. Orders that were placed may still be paid; stock left over is everybody's.

    False when it has ended before.
    """
    return _end(FlashSale.objects.select_for_update(of=("self",)).get(public_id=sale), by, now, why)


def advance_flashes(*, now: datetime, limit: int = 50) -> int:
    """Start and end the sales whose moment has come. Prices go by the clock, not by this."""
    started = FlashSale.objects.filter(state=FlashState.SCHEDULED, starts_at__lte=now)
    over = FlashSale.objects.filter(state__in=OPEN, ends_at__lte=now)
    due = list(started.union(over).values_list("public_id", flat=True)[:limit])
    return each(lambda sale: _advance(sale, now), due, name="advance_flash")


@step()
def _advance(sale: str, now: datetime) -> bool:
    row = FlashSale.objects.select_for_update(of=("self",)).get(public_id=sale)
    if row.ends_at <= now:
        return _end(row, "system", now, "its time is over")
    return row.state == FlashState.SCHEDULED and _move(
        row, FlashState.LIVE, by="system", now=now, why="its time has come"
    )


@part
def _end(row: FlashSale, by: str, now: datetime, why: str) -> bool:
    if row.state == FlashState.ENDED:
        return False
    _move(row, FlashState.ENDED, by=by, now=now, why=why)
    release(reference=row.public_id, now=now, why=why, by=by)
    audit.record(tag="flash:ended", by=by, subject=row.public_id, now=now, after={"why": why})
    return True


def _check_floor(row: FlashSale, now: datetime) -> None:
    channel = channel_by_code(row.channels[0]) if row.channels else default_channel()
    offer = offer_by_id(row.sku_id, channel, now) if channel is not None else None
    if offer is None or not offer.state_ok or offer.currency != row.currency:
        raise NotCuttable("price")
    if row.price_minor + flash_rule(row).subsidy_minor < offer.floor_minor:
        raise NotCuttable("floor")


def _move(row: FlashSale, to: FlashState, *, by: str, now: datetime, why: str) -> bool:
    moved = transitions.move(
        FlashSale, row.pk, from_=[row.state], to=to, now=now, by=by, why=why, state_at=now
    )
    row.state = to
    bump(NAME)
    return moved
