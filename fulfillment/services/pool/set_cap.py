"""The most units of a SKU that a channel may take from the pool (D8)."""

from datetime import datetime

from django.db import connection

from core import audit
from core.tx import step
from fulfillment.models import PoolShare, ShareMove, ShareTicket
from fulfillment.services.pool.count_availability import count_availability
from fulfillment.states import ShareKind

# Tickets somebody is taking at this moment are passed over: they are used.
DROP = """
delete from fulfillment_shareticket where id in (
    select id from fulfillment_shareticket
    where sku_id = %(sku)s and channel = %(channel)s and code_id is null
    order by id desc limit %(units)s for update skip locked)
"""


@step()
def set_cap(*, sku_id: int, channel: str, units: int, by: str, why: str, now: datetime) -> int:
    """Let the channel take `units` in all from now on; returns the cap that holds.

    Units it holds or has bought since the cap was set count. Below them the cap cannot go: it ends
    at what is used. Raises ValueError below zero.
    """
    if units < 0:
        raise ValueError("a cap below zero")
    share, _ = PoolShare.objects.select_for_update(of=("self",)).get_or_create(
        sku_id=sku_id, channel=channel, kind=ShareKind.CAPPED, defaults={"created_at": now}
    )
    mine = ShareTicket.objects.filter(sku_id=sku_id, channel=channel)
    before = mine.count()
    if units > before:
        ShareTicket.objects.bulk_create(
            ShareTicket(sku_id=sku_id, channel=channel) for _ in range(units - before)
        )
        after = units
    else:
        after = before - _drop(sku_id, channel, before - units)
    _write_down(share, after - before, by, why, now)
    return after


@step()
def lift_cap(*, sku_id: int, channel: str, by: str, why: str, now: datetime) -> bool:
    """Let the channel take as many as there are; False when it has no cap."""
    share = (
        PoolShare.objects.select_for_update(of=("self",))
        .filter(sku_id=sku_id, channel=channel, kind=ShareKind.CAPPED)
        .first()
    )
    if share is None:
        return False
    tickets = ShareTicket.objects.filter(sku_id=sku_id, channel=channel)
    units, _ = tickets.delete()
    PoolShare.objects.filter(pk=share.pk).delete()
    _write_down(share, -units, by, why, now)
    return True


def _drop(sku_id: int, channel: str, units: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(DROP, {"sku": sku_id, "channel": channel, "units": units})
        return int(cursor.rowcount)


def _write_down(share: PoolShare, units: int, by: str, why: str, now: datetime) -> None:
    if units:
        ShareMove.objects.create(
            sku_id=share.sku_id, kind=ShareKind.CAPPED, taker=share.channel, units=units,
            by=by[:48], why=why[:200], at=now,
        )  # fmt: skip
    audit.record(
        tag="codes:cap_set", by=by, subject=str(share.sku_id), now=now,
        after={"channel": share.channel, "change": units, "why": why},
    )  # fmt: skip
    count_availability(sku_ids=[share.sku_id], now=now)
