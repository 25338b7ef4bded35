"""Open the units that do not come from our own pool: one row each, which is its own queue."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from catalog.states import DeliveryKind
from core import crypto, masking, outbox, wake
from core.models import StateChange
from core.money import split_minor
from core.tx import part
from fulfillment.events import Delivered
from fulfillment.models import Delivery, Entitlement
from fulfillment.queries.goods import MADE_HERE, Goods, valid_until
from fulfillment.services.editions.issue_certificates import issue_certificates
from fulfillment.services.redeeming.issue_voucher import issue_voucher
from fulfillment.states import DeliveryState
from fulfillment.units import DeliveredUnit, OpenLine

DRIVE_TASK = "fulfillment.drive"
BY = "system"


def target_context(public_id: str) -> str:
    """What a sealed recipient is bound to."""
    return f"fulfillment_delivery:target:{public_id}"


def target_index(value: str) -> bytes:
    """By which every delivery to one phone or account is found."""
    return crypto.blind_index("target", value.strip().casefold())


@part
def queue_deliveries(
    *,
    reference: str,
    owner: str,
    channel: str,
    lines: Sequence[OpenLine],
    kinds: Mapping[int, Goods],
    now: datetime,
) -> tuple[tuple[DeliveredUnit, ...], int]:
    """Write a delivery per unit. Returns those made on the spot and the number still to do."""
    rows = [
        _row(reference, owner, channel, line, unit, kinds[line.sku_id], now)
        for line in lines
        for unit in range(1, line.quantity + 1)
    ]
    if not rows:
        return (), 0
    Delivery.objects.bulk_create(rows)
    StateChange.objects.bulk_create(
        StateChange(
            entity="delivery", subject=row.public_id, was="", became=row.state, at=now, by=BY,
            why="opened",
        )
        for row in rows
    )  # fmt: skip
    made = [row for row in rows if row.state == DeliveryState.DELIVERED]
    if len(made) < len(rows):
        wake.poke(DRIVE_TASK)
    handed = tuple(hand_over(row, kinds[row.sku_id], now=now, counted=True) for row in made)
    issue_certificates(reference=reference, units=handed, now=now)
    return handed, len(rows) - len(made)


def _row(
    reference: str, owner: str, channel: str, line: OpenLine, unit: int, one: Goods, now: datetime
) -> Delivery:
    here = one.kind in MADE_HERE
    row = Delivery(
        reference=reference,
        line=line.line,
        unit=unit,
        owner=owner,
        channel=channel,
        sku_id=line.sku_id,
        kind=one.kind,
        state=DeliveryState.DELIVERED if here else DeliveryState.PENDING,
        not_before=now,
        created_at=now,
        delivered_at=now if here else None,
        cost_minor=0 if here else None,
    )
    if line.paid_minor is not None:
        row.paid_minor = split_minor(line.paid_minor, [1] * line.quantity)[unit - 1]
        row.paid_currency = line.currency
    values = [value for value in (line.target or {}).values() if value]
    if values:
        row.target = crypto.seal(json.dumps(line.target), context=target_context(row.public_id))
        row.target_masked = " · ".join(masking.mask_middle(value) for value in values)[:120]
        row.target_index = target_index(values[0])
    return row


@part
def hand_over(row: Delivery, one: Goods, *, now: datetime, counted: bool = False) -> DeliveredUnit:
    """The unit is its owner's: the entitlement in the wallet, and the fact for the floors above.

    `counted`: in the paying transaction, whose caller learns of the unit by what is returned.
    """
    entitlement = Entitlement.objects.create(
        owner=row.owner,
        reference=row.reference,
        delivery=row,
        sku_id=row.sku_id,
        kind=row.kind,
        valid_from=now,
        valid_until=valid_until(one, now),
        created_at=now,
    )
    if row.kind == DeliveryKind.VOUCHER:
        issue_voucher(entitlement=entitlement, one=one, now=now)
    cost = row.cost_minor or 0
    outbox.publish(
        Delivered(
            row.reference, row.line, row.public_id, row.unit, row.sku_id, row.channel, row.owner,
            cost, row.currency, counted,
        ),
        now=now,
    )  # fmt: skip
    return DeliveredUnit(row.line, row.unit, row.public_id, entitlement.public_id, cost)
