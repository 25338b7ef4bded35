"""When a provider is asked again: data, in seconds since the payment was made (R-PAY-6)."""

from datetime import datetime, timedelta

from django.conf import settings

# Scaled by how long an order is kept: these are for the default of 15 minutes.
QUERY_LADDER_SECONDS = (60, 180, 600, 1800)
LADDER_BASE_SECONDS = 900
REFUND_LADDER_SECONDS = (1, 3, 10, 30, 60, 300, 900, 3600)
# After the last rung a payment is closed at the provider and asked about once more.
SHORTEST_PAUSE_SECONDS = 1.0


def _scale() -> float:
    return min(1.0, float(settings.ORDER_HOLD_SECONDS) / LADDER_BASE_SECONDS)


def first_query_at(*, now: datetime) -> datetime:
    """When a new payment is asked about for the first time."""
    return now + timedelta(seconds=max(QUERY_LADDER_SECONDS[0] * _scale(), SHORTEST_PAUSE_SECONDS))


def next_query_at(*, created_at: datetime, expires_at: datetime, now: datetime) -> datetime | None:
    """The next rung after `now`, the expiry among them; None when the ladder is climbed."""
    rungs = [
        created_at + timedelta(seconds=max(seconds * _scale(), SHORTEST_PAUSE_SECONDS))
        for seconds in QUERY_LADDER_SECONDS
    ]
    rungs.append(expires_at)
    return min((rung for rung in rungs if rung > now), default=None)


def next_refund_try_at(*, tries: int, now: datetime) -> datetime:
    """When a refund without a final answer is asked about again; the last rung repeats."""
    rung = REFUND_LADDER_SECONDS[min(tries, len(REFUND_LADDER_SECONDS) - 1)]
    return now + timedelta(seconds=rung)
