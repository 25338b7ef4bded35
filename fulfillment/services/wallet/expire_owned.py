"""What has ended says so: unused and active things past their day become expired, with history."""

from datetime import datetime

from core import transitions
from core.tx import step
from fulfillment.models import Entitlement
from fulfillment.services.wallet.end_gift import end_gift_of
from fulfillment.services.wallet.lock_owned import lock_owned
from fulfillment.services.wallet.reveal_links import end_links
from fulfillment.states import EntitlementState

ALIVE = (EntitlementState.ISSUED, EntitlementState.ACTIVE)
BATCH = 200


def expire_owned(*, now: datetime) -> int:
    """Expire what ended by now, each in a step of its own; returns how many.

    A code past its day stays readable: it was paid for, and its issuer may be kinder than the date.
    """
    due = Entitlement.objects.filter(state__in=ALIVE, valid_until__lte=now).order_by("valid_until")
    ids = list(due.values_list("public_id", flat=True)[:BATCH])
    return sum(_expire(public_id, now) for public_id in ids)


@step()
def _expire(public_id: str, now: datetime) -> bool:
    row = lock_owned(public_id)
    if row is None or row.valid_until is None or row.valid_until > now:
        return False
    end_gift_of(row, by="system", now=now)
    end_links(row, by="system", now=now, why="expired")
    return transitions.move(
        Entitlement, row.pk, from_=ALIVE, to=EntitlementState.EXPIRED, now=now, by="system",
        why="expired",
    )  # fmt: skip
