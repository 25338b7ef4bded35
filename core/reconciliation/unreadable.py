"""Lines nobody could read are differences too: they are shown, and never counted as nothing."""

from core.models import BreakKind, StatementLine
from core.reconciliation.values import Break


def unreadable(statement_pk: int) -> list[Break]:
    """One break for each unreadable line of a statement."""
    rows = StatementLine.objects.filter(statement_id=statement_pk).exclude(problem="")
    return [
        Break(
            kind=BreakKind.MALFORMED, what="line",
            theirs={"position": row.position, "problem": row.problem},
        )
        for row in rows.order_by("position")
    ]  # fmt: skip
