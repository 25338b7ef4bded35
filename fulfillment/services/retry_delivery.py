"""Start a unit over that failed or waits for a person. Refuses while anything may still be bought."""

from datetime import datetime

from core import audit, transitions, wake
from core.tx import step
from fulfillment.models import Attempt, Delivery
from fulfillment.services.open_case import close_case
from fulfillment.services.queue_deliveries import DRIVE_TASK
from fulfillment.states import OPEN_ATTEMPT, AttemptState, DeliveryState


class StillOpen(RuntimeError):
    """A purchase for this unit is open, unknown or has succeeded: another would be a second one."""


class NotRetryable(RuntimeError):
    """The unit is delivered, under way, or canceled for good."""


@step()
def retry_delivery(*, delivery_id: str, by: str, note: str, now: datetime) -> None:
    """Back to pending, with every offer open again. Raises StillOpen, NotRetryable."""
    delivery = Delivery.objects.select_for_update().get(public_id=delivery_id)
    refuse_while_open(delivery)
    moved = delivery.canceled_at is None and transitions.move(
        Delivery,
        delivery.pk,
        from_=[DeliveryState.FAILED, DeliveryState.MANUAL],
        to=DeliveryState.PENDING,
        now=now,
        by=by,
        why=note,
        reason="",
        retried_at=now,
        not_before=now,
    )
    if not moved:
        raise NotRetryable(delivery.state)
    close_case(delivery=delivery, by=by, now=now, why="retried")
    audit.record(
        tag="delivery:retried",
        by=by,
        subject=delivery.public_id,
        now=now,
        before={"state": delivery.state, "reason": delivery.reason},
        after={"note": note},
    )
    wake.poke(DRIVE_TASK)


def refuse_while_open(delivery: Delivery) -> None:
    """Raise StillOpen when an attempt of this unit is open or has succeeded."""
    live = [*OPEN_ATTEMPT, AttemptState.SUCCEEDED]
    if Attempt.objects.filter(delivery=delivery, state__in=live).exists():
        raise StillOpen(delivery.public_id)
