"""Keep pieces of an edition for a reference while it is paid for: all that are asked for, or none.

A piece is a row, taken by its own lock as a unit of the pool is. Which one does not matter: the
number comes with the sale (`issue_certificates`), so a hold that lapses leaves no gap.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import OperationalError, connection, transaction

from core.faults import guard_off
from core.tx import part
from fulfillment.models import Edition, EditionPlace
from fulfillment.queries.goods import MADE_HERE, goods
from fulfillment.units import HoldLine, OpenLine

WAIT_FOR_LOCK = "500ms"
LOCK_NOT_AVAILABLE = "55P03"
# A hold whose time has passed is free for the next one.
TAKE = """
with free as materialized (
    select id from fulfillment_editionplace where edition_id = %(edition)s and sold_at is null
      and (held_by = '' or held_until < %(now)s) order by id limit %(units)s {lock})
update fulfillment_editionplace as place set held_by = %(reference)s, held_until = %(until)s
from free where place.id = free.id
"""


@part
def hold_places(
    *, reference: str, lines: Sequence[HoldLine | OpenLine], until: datetime, now: datetime
) -> tuple[int, ...]:
    """Keep a piece for every unit of a numbered SKU until `until`; other lines pass.

    What the reference holds or bought already counts, so asking again takes nothing more. Returns
    the SKUs of which too few are left; then nothing new is held.
    """
    kinds = goods(line.sku_id for line in lines)
    wanted = Counter[int]()
    for line in lines:
        if kinds[line.sku_id].kind in MADE_HERE:
            wanted[line.sku_id] += line.quantity
    if not wanted:
        return ()
    # By SKU, so that two orders never wait for each other.
    editions = Edition.objects.filter(sku_id__in=wanted).order_by("sku_id")
    mark = None
    short = []
    for edition in editions:
        mark = mark or transaction.savepoint()
        if not _take(edition, reference, wanted[edition.sku_id], until, now):
            short.append(edition.sku_id)
    if mark is not None:
        (transaction.savepoint_rollback if short else transaction.savepoint_commit)(mark)
    return tuple(short)


@part
def free_places(*, reference: str, sku_ids: Collection[int] | None = None) -> int:
    """Give back what the reference holds (of these SKUs) and has not bought. Returns how many."""
    held = EditionPlace.objects.filter(held_by=reference, sold_at=None)
    if sku_ids is not None:
        held = held.filter(edition__sku_id__in=sku_ids)
    return held.update(held_by="", held_until=None)


def _take(edition: Edition, reference: str, units: int, until: datetime, now: datetime) -> bool:
    places = EditionPlace.objects.filter(edition=edition, held_by=reference).order_by("id")
    mine = list(places.select_for_update())
    kept = [place.pk for place in mine if place.sold_at is None]
    EditionPlace.objects.filter(pk__in=kept).update(held_until=until)
    missing = units - len(mine)
    if missing <= 0:
        return True
    asked: dict[str, Any] = {
        "edition": edition.pk, "now": now, "units": missing, "reference": reference, "until": until,
    }  # fmt: skip
    lock = "" if guard_off("editions.place") else "for update skip locked"
    mark = transaction.savepoint()
    if _run(TAKE.format(lock=lock), asked):
        transaction.savepoint_commit(mark)
        return True
    # Rows that were passed over may come free again: let go of what was found, then wait in order.
    transaction.savepoint_rollback(mark)
    return _wait(asked)


def _wait(asked: dict[str, Any]) -> bool:
    mark = transaction.savepoint()
    try:
        with connection.cursor() as cursor:
            cursor.execute("select current_setting('lock_timeout')")
            (before,) = cursor.fetchone()
            cursor.execute("select set_config('lock_timeout', %s, true)", [WAIT_FOR_LOCK])
            taken = _run(TAKE.format(lock="for update"), asked)
            cursor.execute("select set_config('lock_timeout', %s, true)", [before])
    except OperationalError as error:
        transaction.savepoint_rollback(mark)
        if getattr(error.__cause__, "sqlstate", "") == LOCK_NOT_AVAILABLE:
            return False
        raise
    (transaction.savepoint_commit if taken else transaction.savepoint_rollback)(mark)
    return taken


def _run(statement: str, asked: dict[str, Any]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        return int(cursor.rowcount) == int(asked["units"])
