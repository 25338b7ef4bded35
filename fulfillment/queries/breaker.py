"""Whether new purchases at a supplier are paused (R-SUP-6). Read from the answers themselves.

There is no breaker row that could be wrong: the last answers to purchases say it. Queries are never
paused. Half open means: past the pause one purchase goes through, and its answer decides.
"""

from datetime import datetime, timedelta

from django.conf import settings

from fulfillment.models import SupplierEvent
from fulfillment.states import AttemptState

#: Verdicts of answers that prove nothing or never came.
BAD = frozenset({AttemptState.NOT_SENT.value, AttemptState.UNKNOWN.value})
IN_A_ROW = 10
WINDOW_SECONDS, WINDOW_CALLS, WINDOW_SHARE = 60.0, 20, 0.5
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 30.0, 600.0
LOOKED_AT = 60


def paused_until(supplier_id: int, *, now: datetime) -> datetime | None:
    """The moment until which nothing new is bought there; None while the circuit is closed."""
    answers = list(
        SupplierEvent.objects.filter(supplier_id=supplier_id, source=SupplierEvent.Source.ANSWER)
        .order_by("-id")
        .values_list("verdict", "at")[:LOOKED_AT]
    )
    scale = settings.SUPPLY_TIME_SCALE
    pause = _pause_seconds(answers, window=timedelta(seconds=WINDOW_SECONDS * scale))
    if not pause:
        return None
    until = answers[0][1] + timedelta(seconds=pause * scale)
    return until if now < until else None


def _pause_seconds(answers: list[tuple[str, datetime]], *, window: timedelta) -> float:
    """Newest first. The pause doubles with every further ten failures in a row."""
    bad = [verdict in BAD for verdict, _at in answers]
    streak = bad.index(False) if False in bad else len(bad)
    if streak >= IN_A_ROW:
        return min(FIRST_PAUSE_SECONDS * 2.0 ** (streak // IN_A_ROW - 1), LONGEST_PAUSE_SECONDS)
    recent = [
        was for was, (_v, at) in zip(bad, answers, strict=True) if at >= answers[0][1] - window
    ]
    # The newest answer was good: the probe has closed the circuit again.
    if (
        bad[:1] == [True]
        and len(recent) >= WINDOW_CALLS
        and sum(recent) >= WINDOW_SHARE * len(recent)
    ):
        return FIRST_PAUSE_SECONDS
    return 0.0
