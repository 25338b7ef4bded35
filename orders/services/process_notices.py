"""Genuine notices whose process died between keeping and acting (CP01) are acted upon here."""

from datetime import datetime, timedelta

import structlog

from core.each import each
from orders.models import Notice
from orders.models.notice import Outcome
from orders.payments import registry
from orders.payments.base import NotBelieved
from orders.services.receive_notice import process_notice

log = structlog.get_logger(__name__)

# Whoever received it is given this long to finish.
STUCK_AFTER_SECONDS = 5


def process_notices(*, now: datetime, limit: int = 50) -> int:
    """Act on up to `limit` stuck notices. Returns how many were done with.

    The raw message is read again as of the moment it came: it was fresh then.
    """
    before = now - timedelta(seconds=STUCK_AFTER_SECONDS)
    stuck = Notice.objects.filter(outcome=Outcome.PENDING, received_at__lte=before)
    due = stuck.order_by("received_at")[:limit]
    return each(lambda notice: _process(notice, now), due, name="process_notice")


def _process(notice: Notice, now: datetime) -> bool:
    adapter = registry.get(notice.provider)
    try:
        told = adapter.read_notice(bytes(notice.body), notice.headers, now=notice.received_at)
    except NotBelieved as reason:
        # The key was taken away meanwhile; the poller has the last word on the payment.
        log.error("stuck_notice_unreadable", notice=notice.public_id, verdict=reason.verdict)  # noqa: TRY400  an outcome, not a fault
        Notice.objects.filter(pk=notice.pk, outcome=Outcome.PENDING).update(
            outcome=Outcome.QUARANTINED, processed_at=now
        )
        return False
    return process_notice(notice.pk, told, provider=notice.provider, now=now)
