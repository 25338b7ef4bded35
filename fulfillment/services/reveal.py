"""The one way a code's text leaves the vault to its owner. Every look is written down first."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from core import limits
from core.crypto import unseal
from core.hot import hot_cursor
from core.ids import new_id
from core.tx import refuse_in_transaction, step
from fulfillment.models.code import NEVER
from fulfillment.services.wallet.reveal_voucher import reveal_voucher
from fulfillment.units import RevealedCode

# More looks of one member of staff in a day take two persons (reliability.md 4.11).
STAFF_LOOKS_A_DAY = 20
DAY_SECONDS = 86_400
TAG = "codes:revealed"


class NotRevealable(LookupError):
    """There is no delivered code behind this id."""


class RevealLimited(PermissionError):
    """This member of staff has looked at enough codes for today."""


# The live issue, the note of the look and its audit entry in one statement. The row of what is
# owned is locked: whoever gives it away at this moment comes first or finds the look (give.py).
LOOK = """
with live as materialized (
    select d.id as delivery_id, c.id as code_id, c.sealed, c.expires_on
    from fulfillment_delivery d
    join fulfillment_codeissue i on i.delivery_id = d.id
    join fulfillment_code c on c.id = i.code_id
    join fulfillment_entitlement e on e.delivery_id = d.id
    where d.public_id = %(delivery)s and d.state = 'delivered' and e.given_at is null
      and (%(moves)s::int is null or e.moves = %(moves)s::int)
    order by i.number desc limit 1 for update of e),
noted as (
    insert into fulfillment_codereveal (public_id, delivery_id, code_id, by, ip, at)
    select %(reveal)s, delivery_id, code_id, %(by)s, %(ip)s, %(now)s from live),
audited as (
    insert into core_auditentry (at, by, ip, tag, subject, before, after)
    select %(now)s, %(by)s, %(ip)s, %(tag)s, %(reveal)s, null,
           jsonb_build_object('delivery', %(delivery)s::text) from live)
select code_id, sealed, expires_on from live
"""


def code_context(code_id: UUID) -> str:
    """What a code's sealed text is bound to: its own row."""
    return f"fulfillment_code:sealed:{code_id}"


def reveal(
    *, delivery_id: str, by: str, ip: str, now: datetime, staff: bool = False, moves: int = 0
) -> list[RevealedCode]:
    """Text of the delivered code, after the look and its audit entry are committed.

    The caller has checked that `by` may see it while it has changed hands `moves` times; the answer
    goes out with `no-store`. Raises NotRevealable for anything but a delivered code, for one that is
    given away or has changed hands since, RevealLimited for `staff` past the day's limit.
    """
    if staff:
        with step():
            key = f"reveal:{by}"
            if not limits.hit(key, limit=STAFF_LOOKS_A_DAY, seconds=DAY_SECONDS, now=now):
                raise RevealLimited(by)
            row = _look(delivery_id, by, ip, now, moves=None)
    else:
        # One statement is a transaction of its own: the text is opened after its commit.
        refuse_in_transaction("reveal")
        row = _look(delivery_id, by, ip, now, moves=moves)
    if row is None:
        voucher = reveal_voucher(
            delivery_id=delivery_id, by=by, ip=ip, now=now, moves=None if staff else moves, tag=TAG
        )
        if voucher is None:
            raise NotRevealable(delivery_id)
        return [voucher]
    code_id, sealed, expires_on = row
    return [open_code(code_id, sealed, expires_on)]


def _look(
    delivery_id: str, by: str, ip: str, now: datetime, *, moves: int | None
) -> tuple[Any, ...] | None:
    with hot_cursor() as cursor:
        cursor.execute(
            LOOK,
            {
                "delivery": delivery_id,
                "reveal": new_id("rvl"),
                "by": by[:48],
                "ip": ip[:45],
                "now": now,
                "tag": TAG,
                "moves": moves,
            },
        )
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row


def open_code(code_id: UUID, sealed: bytes | memoryview, expires_on: Any) -> RevealedCode:
    """Unseal one code. Raises CannotUnseal when the value was altered or moved."""
    number, secret = json.loads(unseal(sealed, context=code_context(code_id)).reveal())
    return RevealedCode(number, secret, None if expires_on == NEVER else expires_on)
