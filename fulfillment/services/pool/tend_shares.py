"""What rules say about shares of the pool: an end, and a number always kept. A bounded piece a call."""

from datetime import datetime

from django.db import connection

from core.tx import step
from fulfillment.models import Code, PoolShare
from fulfillment.services.pool.move_share import EVERYBODY, SLICE, move_units
from fulfillment.services.pool.set_cap import lift_cap
from fulfillment.states import CodeState, ShareKind

BY = "worker"
MOST = 50
FREE = """
select count(*) from (select 1 from fulfillment_code
where sku_id = %s and share = %s and state = 'available' limit %s) as these
"""


def tend_shares(*, now: datetime) -> int:
    """Give back what has ended, refill what is to be kept. Returns how many units moved."""
    moved = 0
    for share in PoolShare.objects.filter(ends_at__lte=now)[:MOST]:
        if share.kind == ShareKind.CAPPED:
            lift_cap(
                sku_id=share.sku_id, channel=share.channel, by=BY, why="its time is over", now=now
            )
        else:
            moved += _give_back(share, now)
    for share in PoolShare.objects.filter(kind=ShareKind.RESERVED, keep_units__gt=0)[:MOST]:
        moved += _refill(share, now)
    return moved


@step()
def _give_back(share: PoolShare, now: datetime) -> int:
    """The share itself goes once nothing carries its name any more."""
    moved = move_units(
        sku_id=share.sku_id, giver=share.channel, taker=EVERYBODY, units=SLICE, by=BY,
        why="its time is over", now=now,
    )  # fmt: skip
    if not moved and not _still_named(share):
        share.delete()
    return moved


def _still_named(share: PoolShare) -> bool:
    """A unit held now comes back under the channel's name when its buyer walks away."""
    kept = [CodeState.AVAILABLE, CodeState.HELD]
    return Code.objects.filter(sku=share.sku_id, share=share.channel, state__in=kept).exists()


@step()
def _refill(share: PoolShare, now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(FREE, [share.sku_id, share.channel, share.keep_units])
        missing = share.keep_units - int(cursor.fetchone()[0])
    if missing <= 0:
        return 0
    return move_units(
        sku_id=share.sku_id, giver=EVERYBODY, taker=share.channel, units=missing, by=BY,
        why=f"keep {share.keep_units}", now=now,
    )  # fmt: skip
