"""A refund that the provider refused for good is tried again by a person."""

from datetime import datetime

from core import audit, transitions, wake
from core.ids import new_number
from core.tx import step
from orders.models import Refund
from orders.services.request_refund import PUSH_REFUND_TASK
from orders.states import RefundState


@step()
def retry_refund(*, refund: str, now: datetime, acting: str) -> bool:
    """Send a failed refund once more, under a new number; False when it had not failed.

    The old number is final at the provider, so it cannot come true later.
    """
    row = (
        Refund.objects.select_for_update()
        .filter(public_id=refund, state=RefundState.FAILED)
        .first()
    )
    if row is None:
        return False
    moved = transitions.move(
        Refund, row.pk, from_=[RefundState.FAILED], to=RefundState.APPROVED, now=now,
        by=acting, why="retried", state_at=now, number=new_number("R"), not_before=now, tries=0,
    )  # fmt: skip
    audit.record(
        tag="refund:retried", by=acting, subject=refund, now=now, before={"number": row.number}
    )
    wake.poke(PUSH_REFUND_TASK)
    return moved
