"""Take codes whose last day has passed out of the pool. Holding never picks them anyway."""

from datetime import datetime, timedelta

from django.utils import timezone

from core.tx import step
from fulfillment.services.pool.change_codes import Which, change_codes
from fulfillment.states import CodeState


@step()
def expire_codes(*, now: datetime, limit: int = 1000) -> int:
    """Expire up to `limit` free codes and write them off. Returns how many."""
    return change_codes(
        Which(last_day=timezone.localdate(now) - timedelta(days=1), limit=limit),
        from_=[CodeState.AVAILABLE], to=CodeState.EXPIRED, by="worker", why="last day passed",
        now=now,
    )  # fmt: skip
