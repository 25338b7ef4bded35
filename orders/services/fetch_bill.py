"""Take in a provider's daily bill, for reconciliation to compare (R-PAY-10)."""

import hashlib
from datetime import date, datetime, timedelta

import structlog
from django.utils.timezone import localdate

from core import limits
from core.tx import step
from orders.models import Bill, BillLine
from orders.payments import registry
from orders.payments.base import BillUnavailable

log = structlog.get_logger(__name__)

CHUNK = 1000
# A bill that is not to be had is asked for again so often an hour, and no more.
TRIES_AN_HOUR = 2


def fetch_due_bills(*, now: datetime) -> int:
    """Fetch yesterday's bill of each provider that has none yet. Returns how many came."""
    day, came = localdate(now) - timedelta(days=1), 0
    for provider in registry.offered():
        known = Bill.objects.filter(provider=provider.code, day=day).exists()
        key = f"bill:{provider.code}:{day}"
        if known or not limits.hit(key, limit=TRIES_AN_HOUR, seconds=3600, now=now):
            continue
        try:
            fetch_bill(provider=provider.code, day=day, now=now)
        except BillUnavailable as error:
            log.warning("bill_unavailable", provider=provider.code, day=str(day), why=str(error))
            continue
        came += 1
    return came


def fetch_bill(*, provider: str, day: date, now: datetime) -> Bill:
    """Download and keep the bill of a day (Asia/Shanghai). The same file is taken in once.

    Amounts are minor units, refunds negative. Raises orders.payments.base.BillUnavailable.
    """
    raw, entries = registry.get(provider).bill(day, now=now)
    digest = hashlib.sha256(raw).hexdigest()
    with step():
        bill, is_new = Bill.objects.get_or_create(
            provider=provider, day=day, sha256=digest, defaults={"body": raw, "fetched_at": now}
        )
        if is_new:
            BillLine.objects.bulk_create(
                (
                    BillLine(
                        bill=bill, position=position, kind=entry.kind, number=entry.number,
                        provider_txn=entry.txn, amount_minor=entry.amount_minor,
                        fee_minor=entry.fee_minor, currency=entry.currency, at=entry.at,
                    )
                    for position, entry in enumerate(entries)
                ),
                batch_size=CHUNK,
            )  # fmt: skip
    return bill
