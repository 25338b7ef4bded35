from collections.abc import Mapping
from datetime import datetime

from django.db.models import F

from core.models import LimitCount
from risk.facts import countable
from risk.judging import asked_of
from risk.queries import window_of
from risk.rulebook import rulebook


def pardon(*, point: str, facts: Mapping[str, object], now: datetime) -> None:
    """A success after `assess`: take its count back where the rule only minds failures.

    Counting first and pardoning afterwards means that a hundred guesses sent at once are a hundred
    counts; counting failures afterwards would let them all pass. Takes the facts given to `assess`.
    """
    standing = [
        rule for rule in rulebook().points.get(point, ()) if int(rule.parameters.get("pardon", 0))
    ]
    for asked in asked_of(standing, countable(facts)):
        window = window_of(now, asked.counter.seconds)
        LimitCount.objects.filter(key=asked.counter.key, window=window, used__gt=0).update(
            used=F("used") - 1
        )
