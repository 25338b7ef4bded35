"""Write down why nobody is asked for a unit now; the trace shows it."""

from datetime import datetime

from core.tx import part
from fulfillment.models import Delivery, RouteDecision
from fulfillment.routing.values import Route
from fulfillment.services.choose_offer import shown


@part
def keep_decision(*, delivery: Delivery, route: Route, why: str, now: datetime) -> bool:
    """Append the decision; a unit that still waits for the same reason adds nothing (False)."""
    last = RouteDecision.objects.filter(delivery=delivery).order_by("-id").first()
    if last is not None and last.attempt_id is None and last.why == why:
        return False
    RouteDecision.objects.create(
        delivery=delivery, policy=route.policy, why=why, considered=shown(route), at=now
    )
    return True
