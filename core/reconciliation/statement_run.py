"""What every run with a statement does: load both sides around a day, match, list what is unreadable."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import ClassVar

from core.reconciliation.matching import Matching
from core.reconciliation.statements import (
    covered_days,
    current_statement,
    lines_elsewhere,
    lines_of_day,
    unnumbered_lines,
)
from core.reconciliation.unreadable import unreadable
from core.reconciliation.values import DAY, Own, Result, Unavailable, day_bounds


class StatementRun:
    """Base of runs with a statement; what is ours to say is said by `entries`."""

    reads_statements: ClassVar[bool] = True
    #: Kind of movement → its sign in the books of the other side as we read them.
    signs: ClassVar[Mapping[str, int]] = {}

    def entries(
        self, party: str, *, start: datetime, end: datetime, numbers: Collection[str],
        their_numbers: Collection[str],
    ) -> list[Own]:  # fmt: skip
        """Our side of [start, end), and whatever the numbers name on any day. Minor units."""
        raise LookupError(f"{type(self).__name__} has no entries of its own")

    def compare(self, party: str, day: date, *, now: datetime) -> Result:
        """Compare the kept statement of a day (Asia/Shanghai). Raises Unavailable without one."""
        statement = current_statement(party, day)
        if statement is None:
            raise Unavailable("no statement of this day")
        start, end = day_bounds(day)
        around = [day - DAY, day + DAY]
        lines = {line.pk: line for line in lines_of_day(statement)}
        ours = self.entries(
            party, start=start, end=end, numbers=[line.number for line in lines.values()],
            their_numbers=[line.their_no for line in lines.values()],
        )  # fmt: skip
        others = lines_elsewhere(
            party, day,
            numbers={own.number for own in ours} | {line.number for line in lines.values()},
            their_numbers={own.their_no for own in ours},
        )  # fmt: skip
        for line in [*others, *unnumbered_lines(party, around)]:
            lines.setdefault(line.pk, line)
        matching = Matching(day, covered=covered_days(party, around), signs=self.signs)
        result = matching.run(list(lines.values()), ours)
        result.breaks += unreadable(statement.pk)
        return result
