"""Acts on orders that take two persons: money confirmed or settled by hand, refunds of goods."""

from datetime import datetime
from typing import Any

from core import approvals, audit
from core.models import Approval
from core.tx import part, step
from fulfillment.queries.gifts import passed_on
from fulfillment.queries.vouchers import used_of
from fulfillment.redemption import PartlyUsed
from fulfillment.services.revoke_delivery import PassedOn, revoke_refunded
from orders.models import Notice, OrderLine, Payment, RefundLine
from orders.models.notice import Outcome, Verdict
from orders.queries.orders import lock_applied_payment, lock_order
from orders.queries.units import unit_states
from orders.services.confirm_payment import MANUAL, Mismatch, Receipt, confirm_in_step
from orders.services.derive_order import derive_order
from orders.services.request_refund import Unit, open_delivered_refund, unit_amounts

CONFIRM = "orders.confirm_payment"
REFUND_DELIVERED = "orders.refund_delivered"
SETTLE = "orders.settle_notice"


class NothingDelivered(Exception):
    """None of the named deliveries is delivered and unrefunded."""


@step()
def request_confirmation(
    *, payment: str, reference: str, reason: str, by: str, now: datetime
) -> Approval:
    """Ask that a payment is taken as received, with the provider's or bank's `reference`.

    `by` is the maker's public id. Raises core.approvals.NotAllowed, Payment.DoesNotExist.
    """
    row = Payment.objects.get(public_id=payment)
    payload: dict[str, Any] = {
        "payment": row.public_id,
        "number": row.number,
        "provider": row.provider,
        "amount_minor": row.amount_minor,
        "currency": row.currency,
        "reference": reference,
    }
    return approvals.request(
        action=CONFIRM, subject=row.public_id, payload=payload, by=by, reason=reason, now=now
    )


@part
def carry_out_confirmation(approval: Approval, *, now: datetime) -> None:
    """Executor: the same confirming step as for a notice, with the approval as the acting party."""
    payload = approval.payload
    receipt = Receipt(
        payload["provider"], payload["number"], payload["amount_minor"], payload["currency"],
        f"{MANUAL}{payload['reference']}"[:64],
    )  # fmt: skip
    try:
        confirm_in_step(receipt=receipt, now=now, acting=f"approval:{approval.public_id}")
    except Mismatch as mismatch:
        raise approvals.StalePayload(mismatch.verdict) from mismatch
    # What the provider said otherwise about this payment was decided with it.
    Notice.objects.filter(
        payment__public_id=payload["payment"], outcome=Outcome.QUARANTINED,
        verdict__in=[Verdict.WRONG_AMOUNT, Verdict.WRONG_CURRENCY],
    ).update(outcome=Outcome.SETTLED, processed_at=now)  # fmt: skip
    audit.record(
        tag="payment:confirmed_by_hand", by=f"user:{approval.checker}", subject=payload["payment"],
        now=now, after={"approval": approval.public_id, "reference": payload["reference"]},
    )  # fmt: skip


@step()
def request_settlement(
    *, notice: str, reference: str, reason: str, by: str, now: datetime
) -> Approval:
    """Ask that money which was set aside is settled: `reference` shows what was done with it.

    Usually it was sent back in the provider's own console. `by` is the maker's public id. Raises
    core.approvals.NotAllowed, Notice.DoesNotExist when it is not set aside (any more).
    """
    row = Notice.objects.select_related("payment").get(
        public_id=notice, outcome=Outcome.QUARANTINED
    )
    payload: dict[str, Any] = {
        "notice": row.public_id,
        "payment": row.payment.public_id if row.payment else "",
        "verdict": row.verdict,
        "amount_minor": row.amount_minor,
        "txn": row.provider_txn,
        "reference": reference,
    }
    return approvals.request(
        action=SETTLE, subject=row.public_id, payload=payload, by=by, reason=reason, now=now
    )


@part
def carry_out_settlement(approval: Approval, *, now: datetime) -> None:
    """Executor: the notice waits for nobody any more. No money of ours has moved."""
    settled = Notice.objects.filter(
        public_id=approval.payload["notice"], outcome=Outcome.QUARANTINED
    ).update(outcome=Outcome.SETTLED, processed_at=now)
    if not settled:
        raise approvals.StalePayload(approval.public_id)
    audit.record(
        tag="payment:settled_aside", by=f"user:{approval.checker}", subject=approval.subject,
        now=now, after={"approval": approval.public_id, **approval.payload},
    )  # fmt: skip


@step()
def request_delivered_refund(
    *, order: str, deliveries: list[str], reason: str, by: str, now: datetime
) -> Approval:
    """Ask that units already delivered are refunded. `by` is the maker's public id.

    Raises NothingDelivered, core.approvals.NotAllowed.
    """
    units = _delivered_units(order, deliveries)
    payload = {
        "order": order,
        "deliveries": sorted(unit.delivery for unit in units),
        "amount_minor": sum(unit.amount_minor for unit in units),
    }
    return approvals.request(
        action=REFUND_DELIVERED, subject=order, payload=payload, by=by, reason=reason, now=now
    )


@part
def carry_out_delivered_refund(approval: Approval, *, now: datetime) -> None:
    """Executor: looks at the state again; refunds exactly the units that were agreed on.

    They are taken back where their kind allows; a code stays issued and is never sold again.
    """
    payload = approval.payload
    row = lock_order(payload["order"])
    payment = lock_applied_payment(row) if row else None
    try:
        units = _delivered_units(payload["order"], payload["deliveries"])
    except NothingDelivered as error:
        raise approvals.StalePayload(payload["order"]) from error
    if row is None or payment is None or len(units) != len(payload["deliveries"]):
        raise approvals.StalePayload(payload["order"])
    by = f"user:{approval.checker}"
    refund = open_delivered_refund(
        order=row, payment=payment, units=units, approval=approval.public_id,
        reason=approval.reason, by=by, now=now,
    )  # fmt: skip
    for unit in units:
        unit.line.refresh_from_db(fields=["delivered", "gone"])
        OrderLine.objects.filter(pk=unit.line.pk).update(
            delivered=unit.line.delivered - 1, gone=unit.line.gone + 1
        )
        try:
            revoke_refunded(delivery=unit.delivery, approval=approval.public_id, by=by, now=now)
        except (PassedOn, PartlyUsed) as error:
            raise approvals.StalePayload(unit.delivery) from error
    audit.record(
        tag="order:delivered_refunded", by=by, subject=row.public_id, now=now,
        after={"approval": approval.public_id, "refund": refund.public_id if refund else ""},
    )  # fmt: skip
    derive_order(row, now=now, acting=by, why=approval.public_id)


def _delivered_units(order: str, deliveries: list[str]) -> list[Unit]:
    lines = {line.public_id: line for line in OrderLine.objects.filter(order__public_id=order)}
    done = set(RefundLine.objects.filter(line__in=lines.values()).values_list("line_id", "unit"))
    # What a friend has accepted is not the buyer's to give back, and what was used was had.
    gone = passed_on(deliveries) | used_of(deliveries)
    found = [
        Unit(lines[u.line], u.unit, u.delivery, unit_amounts(lines[u.line])[u.unit - 1])
        for u in unit_states(order)
        if u.delivery in deliveries and u.state == "delivered" and u.delivery not in gone
    ]
    units = [unit for unit in found if (unit.line.pk, unit.unit) not in done]
    if not units:
        raise NothingDelivered(order)
    return units
