"""Write down who was considered for a unit and why; the trace shows it."""

from datetime import datetime

from core.tx import part
from fulfillment.models import Attempt, Delivery, RouteDecision
from fulfillment.routing.values import Route
from fulfillment.services.choose_offer import shown


@part
def keep_decision(
    *, delivery: Delivery, attempt: Attempt | None, route: Route, now: datetime, why: str = ""
) -> bool:
    """Append the decision; a unit that still waits for the same reason adds nothing (False)."""
    if attempt is None and _said_before(delivery, why):
        return False
    RouteDecision.objects.create(
        delivery=delivery, attempt=attempt, policy=route.policy, why=why,
        considered=shown(route), at=now,
    )  # fmt: skip
    return True


def _said_before(delivery: Delivery, why: str) -> bool:
    last = RouteDecision.objects.filter(delivery=delivery).order_by("-id").first()
    return last is not None and last.attempt_id is None and last.why == why
