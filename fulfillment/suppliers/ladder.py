"""When to ask again, and when a person is asked instead (R-SUP-3). Pure; all times in seconds.

The figures are data. ``scale`` (settings.SUPPLY_TIME_SCALE) shrinks them for tests and campaigns.
"""

from dataclasses import dataclass

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0

#: Pauses between one query and the next, from the first on.
RUNGS = (2.0, 5.0, 10.0, 30.0, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR)
#: After the rungs: hourly to a day of age, then daily to a week, then never by itself.
HOURLY_UNTIL, DAILY_UNTIL = DAY, 7 * DAY
#: Pauses after a purchase that never left, or that had no supplier free.
RETRY_RUNGS = (1.0, 3.0, 10.0, 30.0, MINUTE)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for what, already scaled."""

    scale: float = 1.0

    @property
    def alert_seconds(self) -> float:
        """Age of an open purchase at which operators are told."""
        return 15 * MINUTE * self.scale

    @property
    def manual_seconds(self) -> float:
        """Age of an open purchase at which it becomes a person's."""
        return DAY * self.scale

    @property
    def give_up_seconds(self) -> float:
        """How long a unit may wait for any supplier that can be reached at all."""
        return 30 * MINUTE * self.scale

    @property
    def not_found_grace_seconds(self) -> float:
        """Time since the send before "no such order" begins to count."""
        return 10 * MINUTE * self.scale

    @property
    def not_found_gap_seconds(self) -> float:
        """Least distance between two "no such order" that both count."""
        return MINUTE * self.scale

    def next_query_seconds(self, *, queries: int, age_seconds: float) -> float | None:
        """Pause before the next query after ``queries`` of them; None when it is left to people."""
        age = age_seconds / self.scale
        if queries < len(RUNGS):
            return RUNGS[queries] * self.scale
        if age < HOURLY_UNTIL:
            return HOUR * self.scale
        if age < DAILY_UNTIL:
            return DAY * self.scale
        return None

    def retry_seconds(self, *, tries: int) -> float:
        """Pause before trying once more to find or reach a supplier."""
        return RETRY_RUNGS[min(tries, len(RETRY_RUNGS) - 1)] * self.scale


#: "No such order" in a row before it means "never arrived".
NOT_FOUND_TIMES = 3


def counts_as_never_arrived(
    *, patience: Patience, age_seconds: float, times: int, allowed: bool, was_accepted: bool
) -> bool:
    """The whole NOT_FOUND rule: dialect allows it, grace is over, three in a row, never accepted."""
    return (
        allowed
        and not was_accepted
        and age_seconds >= patience.not_found_grace_seconds
        and times >= NOT_FOUND_TIMES
    )
