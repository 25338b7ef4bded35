"""Give the owner of a dead code another one. The first stays sold; the chain shows both."""

from datetime import datetime, timedelta

from core import approvals, audit
from core.models import Approval
from core.tx import part, step
from fulfillment import postings
from fulfillment.models import Code, CodeIssue, Delivery
from fulfillment.services.hold import SoldOut, hold
from fulfillment.states import CodeState, DeliveryState
from fulfillment.units import HoldLine

ACTION = "codes.replace"


@step()
def request_replacement(*, delivery_id: str, by: str, why: str, now: datetime) -> Approval:
    """Ask to replace the code of a delivered unit; another person agrees in the inbox."""
    return approvals.request(
        action=ACTION, subject=delivery_id, payload={"delivery": delivery_id}, by=by, reason=why,
        now=now,
    )  # fmt: skip


@part
def carry_out(approval: Approval, *, now: datetime) -> None:
    """Issue one more code to the unit. Raises StalePayload when it has none or none is free."""
    delivery = Delivery.objects.select_for_update(of=("self",)).get(
        public_id=approval.payload["delivery"]
    )
    last = CodeIssue.objects.filter(delivery=delivery).order_by("-number").first()
    if last is None or delivery.state != DeliveryState.DELIVERED:
        raise approvals.StalePayload(approval.public_id)
    code = _take_one(delivery, f"{delivery.public_id}.{last.number + 1}", approval, now)
    Code.objects.filter(pk=code.pk, state=CodeState.HELD).update(
        state=CodeState.SOLD, sold_at=now, held_until=None, held_by=delivery.reference,
        channel=delivery.channel,
    )  # fmt: skip
    CodeIssue.objects.create(
        code=code, delivery=delivery, number=last.number + 1, replaces=last, at=now
    )
    postings.pool_cost(
        delivery=delivery.public_id, reference=delivery.reference, number=last.number + 1,
        cost_minor=code.batch.cost_minor, currency=code.batch.currency, now=now,
    )  # fmt: skip
    audit.record(
        tag="codes:replaced", by=f"user:{approval.checker}", subject=delivery.public_id, now=now,
        after={"number": last.number + 1, "why": approval.reason},
    )  # fmt: skip


def _take_one(delivery: Delivery, token: str, approval: Approval, now: datetime) -> Code:
    line = HoldLine(delivery.line, delivery.sku_id, 1)
    until = now + timedelta(minutes=5)
    try:
        hold(reference=token, lines=[line], until=until, channel=delivery.channel, now=now)
    except SoldOut as error:
        raise approvals.StalePayload(approval.public_id) from error
    return Code.objects.select_related("batch").get(held_by=token, state=CodeState.HELD)
