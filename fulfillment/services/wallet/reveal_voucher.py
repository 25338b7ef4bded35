"""The code of a voucher on its way to its owner, by the same door and with the same note as any code."""

from datetime import datetime

from core.hot import hot_cursor
from core.ids import new_id
from fulfillment.queries.deliveries import last_day
from fulfillment.services.redeeming.issue_voucher import open_voucher
from fulfillment.units import RevealedCode
from fulfillment.vouchers.codes import qr_text

# The live code, the note of the look and its audit entry in one statement (as reveal.LOOK).
LOOK = """
with live as materialized (
    select d.id as delivery_id, v.id as voucher_id, v.sealed, e.valid_until
    from fulfillment_delivery d
    join fulfillment_entitlement e on e.delivery_id = d.id
    join fulfillment_vouchercode v on v.entitlement_id = e.id and v.replaced_at is null
    where d.public_id = %(delivery)s::text and d.state = 'delivered' and e.given_at is null
      and (%(moves)s::int is null or e.moves = %(moves)s::int)
    for update of e),
noted as (
    insert into fulfillment_codereveal (public_id, delivery_id, voucher_id, by, ip, at)
    select %(reveal)s, delivery_id, voucher_id, %(by)s, %(ip)s, %(now)s::timestamptz from live),
audited as (
    insert into core_auditentry (at, by, ip, tag, subject, before, after)
    select %(now)s::timestamptz, %(by)s, %(ip)s, %(tag)s, %(reveal)s, null,
           jsonb_build_object('delivery', %(delivery)s::text) from live)
select voucher_id, sealed, valid_until from live
"""


def reveal_voucher(
    *, delivery_id: str, by: str, ip: str, now: datetime, moves: int | None, tag: str
) -> RevealedCode | None:
    """The live code of a delivered voucher, the look written down; None when there is none.

    Only `reveal` calls this: it has counted staff's looks and refused a surrounding transaction.
    """
    params = {
        "delivery": delivery_id, "reveal": new_id("rvl"), "by": by[:48], "ip": ip[:45],
        "now": now, "tag": tag, "moves": moves,
    }  # fmt: skip
    with hot_cursor() as cursor:
        cursor.execute(LOOK, params)
        row = cursor.fetchone()
    if row is None:
        return None
    voucher_id, sealed, valid_until = row
    day = None if valid_until is None else last_day(valid_until)
    code = open_voucher(voucher_id, sealed)
    return RevealedCode("", code, day, qr=qr_text(code))
