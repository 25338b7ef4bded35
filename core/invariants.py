"""Invariants: SQL that must return no rows, registered by each floor, run everywhere and often.

`%(now)s` is the clock and `%(grace)s` scales the waiting times of time-windowed ones: 1 in
production, 0 when the shop is at rest and nothing may be pending (R-INV-3).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection

from core.sockets import Socket

SHOWN_ROWS = 20


@dataclass(frozen=True, slots=True)
class Invariant:
    id: str
    title: str
    sql: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant that does not hold, with the first rows that say so."""

    invariant: Invariant
    columns: Sequence[str]
    rows: Sequence[tuple[Any, ...]]

    def __str__(self) -> str:
        rows = "; ".join(str(dict(zip(self.columns, row, strict=True))) for row in self.rows)
        return f"{self.invariant.id} {self.invariant.title}: {rows}"


INVARIANTS: Socket[Invariant] = Socket("invariants")


def register(id: str, title: str, sql: str, **params: Any) -> Invariant:  # noqa: A002
    """Add an invariant. Each needs a test that breaks it on purpose (R-INV-2)."""
    return INVARIANTS.register(id, Invariant(id, title, sql, params))


def check(invariant: Invariant, *, now: datetime, grace: float = 1.0) -> Violation | None:
    """Run one. Returns None when it holds."""
    with connection.cursor() as cursor:
        cursor.execute(invariant.sql, {**invariant.params, "now": now, "grace": grace})
        rows = cursor.fetchmany(SHOWN_ROWS)
        columns = [column.name for column in cursor.description]
    return Violation(invariant, columns, rows) if rows else None


def check_all(*, now: datetime, grace: float = 1.0, only: str = "") -> list[Violation]:
    """Run all (or those whose id starts with `only`); an empty list is what must come back."""
    chosen = [inv for inv in INVARIANTS if inv.id.startswith(only)]
    found = (check(inv, now=now, grace=grace) for inv in chosen)
    return [violation for violation in found if violation is not None]
