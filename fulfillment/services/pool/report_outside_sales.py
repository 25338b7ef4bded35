"""An outside channel says which of its codes it has sold, and under which of its orders (D8)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core import audit, outbox, transitions
from core.tx import part, step
from fulfillment import postings
from fulfillment.events import Delivered
from fulfillment.models import Code, CodeIssue, ConsignedUnit, Consignment, Delivery, Entitlement
from fulfillment.services.pool.consign import name_index
from fulfillment.states import CodeState, ConsignedState, DeliveryState

MOST_ROWS = 5000
LONGEST_ORDER_NO = 32


@dataclass(frozen=True, slots=True)
class OutsideSale:
    """One row of a report: the code's number and the channel's own order number."""

    number: str
    order_no: str


class TooManyRows(ValueError):
    """A report has more than MOST_ROWS rows: it comes in pieces."""


@step()
def report_outside_sales(
    *, consignment_id: str, sales: Sequence[OutsideSale], by: str, now: datetime
) -> list[str]:
    """Book each code as sold by the channel. Returns a verdict for each row, in their order.

    `sold`; `repeated` the same row was told before; `other_order` it was sold under another order;
    `returned` it had come back; `unknown` no code of this consignment; `malformed`. Only `sold`
    changes anything, so a report may be told again. The unit is delivered under the reference
    `out:<channel>:<order>`; its cost is posted, its price is settled with the channel.
    Raises TooManyRows, Consignment.DoesNotExist.
    """
    if len(sales) > MOST_ROWS:
        raise TooManyRows(len(sales))
    consignment = Consignment.objects.get(public_id=consignment_id)
    locked = (
        consignment.units.select_for_update(of=("self",))
        .order_by("pk")
        .select_related("code__batch")
    )
    units = {bytes(unit.name_index): unit for unit in locked}
    verdicts = [_judge(sale, units, consignment, by, now) for sale in sales]
    audit.record(
        tag="codes:outside_sales", by=by, subject=consignment.public_id, now=now,
        after=dict(Counter(verdicts)),
    )  # fmt: skip
    return verdicts


def _judge(
    sale: OutsideSale, units: dict[bytes, ConsignedUnit], consignment: Consignment, by: str,
    now: datetime,
) -> str:  # fmt: skip
    order_no = sale.order_no.strip()
    if not sale.number.strip() or not order_no or len(order_no) > LONGEST_ORDER_NO:
        return "malformed"
    unit = units.get(name_index(sale.number))
    if unit is None:
        return "unknown"
    if unit.state == ConsignedState.SOLD:
        return "repeated" if unit.external_no == order_no else "other_order"
    if unit.state == ConsignedState.RETURNED:
        return "returned"
    _sell(unit, order_no, consignment, by, now)
    return "sold"


@part
def _sell(
    unit: ConsignedUnit, order_no: str, consignment: Consignment, by: str, now: datetime
) -> None:
    transitions.move(
        ConsignedUnit, unit.pk, from_=[ConsignedState.OUT], to=ConsignedState.SOLD, now=now, by=by,
        why=order_no, external_no=order_no, changed_at=now,
    )  # fmt: skip
    unit.state, unit.external_no = ConsignedState.SOLD, order_no
    reference = f"out:{consignment.channel}:{order_no}"[:40]
    code, place = unit.code, str(unit.pk)
    Code.objects.filter(pk=code.pk, state=CodeState.CONSIGNED).update(
        state=CodeState.SOLD, sold_at=now, held_by=reference, held_line=place,
        channel=consignment.channel,
    )  # fmt: skip
    delivery = Delivery.objects.create(
        reference=reference, line=place, unit=1, channel=consignment.channel, sku_id=code.sku_id,
        kind="pool", state=DeliveryState.DELIVERED, cost_minor=code.batch.cost_minor,
        currency=code.batch.currency, created_at=now, delivered_at=now,
    )  # fmt: skip
    transitions.begin(
        entity="delivery", subject=delivery.public_id, state="delivered", now=now, by=by,
        why=f"sold by {consignment.channel}",
    )  # fmt: skip
    CodeIssue.objects.create(code=code, delivery=delivery, at=now)
    Entitlement.objects.create(
        reference=reference, delivery=delivery, sku_id=code.sku_id, kind="pool", valid_from=now,
        created_at=now,
    )  # fmt: skip
    if code.batch.cost_minor:
        postings.pool_cost(
            delivery=delivery.public_id, reference=reference, cost_minor=code.batch.cost_minor,
            currency=code.batch.currency, now=now,
        )  # fmt: skip
    outbox.publish(
        Delivered(
            reference, place, delivery.public_id, 1, code.sku_id, consignment.channel, "",
            code.batch.cost_minor, code.batch.currency, counted=True,
        ),
        now=now,
    )  # fmt: skip
