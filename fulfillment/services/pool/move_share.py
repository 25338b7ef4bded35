"""Move free units of the pool from one channel's share to another's (D8)."""

from datetime import datetime
from typing import Any

from django.db import connection

from core import audit
from core.faults import guard_off
from core.tx import part, step
from fulfillment.models import PoolShare, ShareMove
from fulfillment.services.pool.count_availability import count_availability
from fulfillment.states import ShareKind

# Free for everybody.
EVERYBODY = ""
# Units of one transaction.
SLICE = 5000

# A unit that is being taken at this moment is passed over: it stays in the share it is taken from.
# The last to expire go: whoever gives keeps what has to be sold first.
MOVE = """
with chosen as materialized (
    select id from fulfillment_code
    where sku_id = %(sku)s and share = %(giver)s and state = 'available'
    order by expires_on desc, spin desc limit %(units)s {lock})
update fulfillment_code as code set share = %(taker)s
from chosen where code.id = chosen.id and code.share = %(giver)s {still}
"""
GUARDED = MOVE.format(lock="for update skip locked", still="and code.state = 'available'")
UNGUARDED = MOVE.format(lock="", still="")


class NothingToMove(Exception):
    """The giver has no free unit, or both ends are the same."""


@step()
def move_share(
    *, sku_id: int, giver: str, taker: str, units: int, by: str, why: str, now: datetime
) -> int:
    """Move up to `units` free units between two channels' shares; returns how many it were.

    `giver` and `taker` are channels' codes, or EVERYBODY for what is free for all. Units held or
    sold stay where they were taken from. Raises NothingToMove, ValueError for `units` below one.
    """
    if units < 1:
        raise ValueError("no units")
    moved = move_units(
        sku_id=sku_id, giver=giver, taker=taker, units=units, by=by, why=why, now=now
    )
    if not moved:
        raise NothingToMove(giver or "everybody")
    return moved


@part
def move_units(
    *, sku_id: int, giver: str, taker: str, units: int, by: str, why: str, now: datetime
) -> int:
    """As `move_share`, inside a transaction; 0 when the giver has none free."""
    if giver == taker:
        return 0
    if taker != EVERYBODY:
        PoolShare.objects.get_or_create(
            sku_id=sku_id, channel=taker, kind=ShareKind.RESERVED, defaults={"created_at": now}
        )
    statement = UNGUARDED if guard_off("share.lock") else GUARDED
    params: dict[str, Any] = {
        "sku": sku_id,
        "giver": giver,
        "taker": taker,
        "units": min(units, SLICE),
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        moved = int(cursor.rowcount)
    if moved:
        _write_down(sku_id, giver, taker, moved, by, why, now)
        count_availability(sku_ids=[sku_id], now=now)
    return moved


def _write_down(
    sku_id: int, giver: str, taker: str, units: int, by: str, why: str, now: datetime
) -> None:
    ShareMove.objects.create(
        sku_id=sku_id, kind=ShareKind.RESERVED, giver=giver, taker=taker, units=units, by=by[:48],
        why=why[:200], at=now,
    )  # fmt: skip
    audit.record(
        tag="codes:share_moved", by=by, subject=str(sku_id), now=now,
        after={"from": giver, "to": taker, "units": units, "why": why},
    )  # fmt: skip
