"""A person's points: what there is, what ends soon, and where each came from."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q, Sum

from core import ledger
from core.models.ledger import Posting
from orders.models import PointsEarning, PointsLot

ACCOUNT = "points:{}"
CURRENCY = "PTS"
SOON = timedelta(days=30)
MOST_LOTS = 20


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the history: `points` are signed; `kind` is the journal's."""

    at: datetime
    kind: str
    points: int
    subject: str
    note: str


def balance_of(owner: str) -> int:
    """Points of a person by the ledger; whole, never negative."""
    return -ledger.balance(ACCOUNT.format(owner), CURRENCY)


def usable_points(owner: str, *, now: datetime) -> int:
    """Points that can be spent now: what has ended and is not swept yet does not count."""
    going = Q(expires_at=None) | Q(expires_at__gt=now)
    rows = PointsLot.objects.filter(going, owner=owner, left__gt=0)
    return int(rows.aggregate(sum=Sum("left"))["sum"] or 0)


def ending_lots(owner: str, *, now: datetime) -> list[PointsLot]:
    """Lots that end within a month, the first to end first."""
    rows = PointsLot.objects.filter(
        owner=owner, left__gt=0, expires_at__gt=now, expires_at__lte=now + SOON
    )
    return list(rows.order_by("expires_at", "id")[:MOST_LOTS])


class Movements:
    """Everything that moved a person's points, newest first, as a paginator wants it."""

    def __init__(self, owner: str) -> None:
        rows = Posting.objects.filter(account_id=ACCOUNT.format(owner), currency=CURRENCY)
        self._rows = rows.order_by("-id")

    def __len__(self) -> int:
        return self._rows.count()

    def __getitem__(self, cut: slice) -> list[Movement]:
        columns = ("journal__at", "journal__kind", "amount", "subject", "journal__note")
        page = self._rows.values_list(*columns)[cut]
        return [
            Movement(at, kind, -amount, subject, note) for at, kind, amount, subject, note in page
        ]


def owed_by(owner: str) -> int:
    """Points taken back when the person had none any more."""
    return ledger.balance(f"points_owed:{owner}", CURRENCY)


def waiting_earnings(owner: str) -> list[tuple[int, datetime, str]]:
    """What is earned and not credited yet: points, when, and the order's public id."""
    rows = PointsEarning.objects.filter(owner=owner, credited_at=None, points__gt=F("taken_back"))
    columns = ("points", "taken_back", "due_at", "order__public_id")
    found = rows.order_by("due_at", "id").values_list(*columns)[:MOST_LOTS]
    return [(points - back, due, order) for points, back, due, order in found]
