"""What pages about an account share, in the back office and for a merchant: the days, the file."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.http import HttpRequest, HttpResponse

from core.reconciliation.values import day_of
from fulfillment.account_file import TYPES, Row, as_file

NO_TIME, LONGEST = timedelta(), timedelta(days=366)
EARLIEST = date(2000, 1, 1)


def asked_days(request: HttpRequest, *, now: datetime) -> tuple[date, date]:
    """First and last day asked for (Asia/Shanghai); this month so far when nothing sensible is."""
    today = day_of(now)
    try:
        first = date.fromisoformat(request.GET.get("from", ""))
        last = date.fromisoformat(request.GET.get("to", ""))
    except ValueError:
        return today.replace(day=1), today
    sensible = EARLIEST <= first <= today and NO_TIME <= last - first <= LONGEST
    return (first, min(last, today)) if sensible else (today.replace(day=1), today)


def file_answer(rows: Iterable[Row], kind: str, *, name: str) -> HttpResponse:
    """The rows as a download called ``name`` with the ending of its kind, one of TYPES."""
    return HttpResponse(
        as_file(rows, kind), content_type=TYPES[kind],
        headers={"Content-Disposition": f'attachment; filename="{name}.{kind}"'},
    )  # fmt: skip
