"""Which units have something to do now. The sweeper's question."""

from datetime import datetime

from django.db.models import Q

from fulfillment.models import Attempt, CodeBatch, Delivery
from fulfillment.states import BatchState, DeliveryState


def due_deliveries(*, now: datetime, limit: int) -> list[str]:
    """Public ids of units whose time has come and which nobody holds, oldest first.

    Two partial indexes: open units by ``not_before``, and attempts with a query due (those go on
    when the unit is with a person).
    """
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    open_units = Delivery.objects.filter(
        free,
        Q(not_before=None) | Q(not_before__lte=now),
        state__in=(DeliveryState.PENDING, DeliveryState.DISPATCHED, DeliveryState.UNKNOWN),
    ).order_by("not_before", "id")
    found = list(open_units.values_list("public_id", flat=True)[:limit])
    asked = Attempt.objects.filter(
        Q(delivery__lease_until=None) | Q(delivery__lease_until__lt=now),
        next_query_at__lte=now,
    ).order_by("next_query_at")
    found += asked.values_list("delivery__public_id", flat=True)[:limit]
    return list(dict.fromkeys(found))[:limit]


def waiting_imports(*, now: datetime) -> bool:
    """Whether an import waits for a worker, or has lost the one it had."""
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    return CodeBatch.objects.filter(
        free, state__in=(BatchState.QUEUED, BatchState.RUNNING)
    ).exists()
