"""Keep a statement with its lines, once; what cannot be read of it gets a line and a reason."""

import hashlib
import zlib
from collections.abc import Collection, Iterable
from datetime import date, datetime

from core import audit
from core.models import Statement, StatementLine
from core.reconciliation.turn import take_turn
from core.reconciliation.values import Fetched, Line
from core.tx import step

#: No day of one party is longer (R-REC; 5,000 are a busy day).
MOST_LINES = 200_000
LARGEST_FILE = 32 * 1024 * 1024
CHUNK = 1000


class TooLarge(ValueError):
    """More bytes or lines than a day's statement has."""


@step()
def keep_statement(
    *, party: str, day: date, fetched: Fetched, source: str, by: str, now: datetime
) -> tuple[Statement, bool]:
    """Keep the file of a day (Asia/Shanghai); True when it was not kept before.

    What was kept before changes nothing, however often it comes. Another file of the same day takes
    the place of the one before: its lines count from now on. Amounts are minor units. Raises TooLarge.
    """
    count = len(fetched.lines) + len(fetched.rejected)
    if count > MOST_LINES or len(fetched.raw) > LARGEST_FILE:
        raise TooLarge(f"{count} lines, {len(fetched.raw)} bytes")
    digest = _digest(fetched)
    # Two copies at once: the other one waits here, then finds the file.
    take_turn(f"statement:{party}:{day}")
    known = Statement.objects.filter(party=party, day=day, sha256=digest).first()
    if known is not None:
        return known, False
    Statement.objects.filter(party=party, day=day, current=True).update(current=False)
    statement = Statement.objects.create(
        party=party, day=day, sha256=digest, body=zlib.compress(fetched.raw), source=source, by=by,
        received_at=now, line_count=count, malformed_count=len(fetched.rejected),
    )  # fmt: skip
    StatementLine.objects.bulk_create(_rows(statement, fetched), batch_size=CHUNK)
    audit.record(
        tag="statement:kept", by=by, subject=statement.public_id, now=now,
        after={"party": party, "day": day.isoformat(), "sha256": digest, "lines": count,
               "unreadable": len(fetched.rejected), "source": source},
    )  # fmt: skip
    return statement, True


def _digest(fetched: Fetched) -> str:
    """Of what was read, not of the bytes: a file that is signed anew each time says the same."""
    digest = hashlib.sha256()
    for line in fetched.lines:
        digest.update(repr(sorted(line.facts().items())).encode())
    digest.update(repr(sorted(fetched.rejected)).encode())
    return digest.hexdigest()


def file_of(statement: Statement) -> bytes:
    """The file as it came."""
    return zlib.decompress(bytes(statement.body))


def _rows(statement: Statement, fetched: Fetched) -> Iterable[StatementLine]:
    refused = dict(fetched.rejected)
    lines = iter(fetched.lines)
    for position in range(1, statement.line_count + 1):
        if position in refused:
            yield StatementLine(
                statement=statement, position=position, problem=refused[position][:80],
                outcome=StatementLine.Outcome.MALFORMED,
            )  # fmt: skip
            continue
        line = next(lines)
        yield StatementLine(
            statement=statement, position=position, kind=line.kind, number=line.number[:64],
            their_no=line.their_no[:64], amount_minor=line.amount_minor, fee_minor=line.fee_minor,
            after_minor=line.after_minor, currency=line.currency, at=line.at,
        )  # fmt: skip


def current_statement(party: str, day: date) -> Statement | None:
    """The statement of a day that counts."""
    return Statement.objects.defer("body").filter(party=party, day=day, current=True).first()


def covered_days(party: str, days: Collection[date]) -> set[date]:
    """Which of these days have a statement."""
    found = Statement.objects.filter(party=party, day__in=days, current=True)
    return set(found.values_list("day", flat=True))


def lines_of_day(statement: Statement) -> list[Line]:
    """Its readable lines, in the order of the file."""
    rows = StatementLine.objects.filter(statement=statement, problem="").order_by("position")
    return [_line(row, statement.day) for row in rows]


def lines_elsewhere(
    party: str, day: date, *, numbers: Collection[str], their_numbers: Collection[str]
) -> list[Line]:
    """Lines of the party's other days that name one of these numbers."""
    found: dict[int, Line] = {}
    for field, values in (("number", numbers), ("their_no", their_numbers)):
        wanted = sorted(value for value in values if value)
        rows = (
            StatementLine.objects.filter(
                **{f"{field}__in": wanted}, problem="", statement__party=party,
                statement__current=True,
            )
            .exclude(statement__day=day)
            .select_related("statement")
            .defer("statement__body")
        )  # fmt: skip
        found |= {row.pk: _line(row, row.statement.day) for row in rows}
    return list(found.values())


def unnumbered_lines(party: str, days: Collection[date]) -> list[Line]:
    """Lines of these days that carry no number of ours."""
    rows = (
        StatementLine.objects.filter(
            number="", problem="", statement__party=party, statement__current=True,
            statement__day__in=days,
        )
        .select_related("statement")
        .defer("statement__body")
    )  # fmt: skip
    return [_line(row, row.statement.day) for row in rows]


def _line(row: StatementLine, day: date) -> Line:
    assert row.at is not None
    return Line(
        kind=row.kind, number=row.number, their_no=row.their_no, amount_minor=row.amount_minor,
        currency=row.currency, at=row.at, fee_minor=row.fee_minor, after_minor=row.after_minor,
        day=day, pk=row.pk, position=row.position,
    )  # fmt: skip
