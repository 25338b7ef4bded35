"""Points in the ledger: the accounts, and giving and taking of a person's points.

Entries (debit / credit), currency PTS: earned points_issued / points; held points / points_held;
spent points_held / points_spent; expired points / points_expired. Whoever changes a person's
points holds the lock on their balance first, so lots and ledger never part (reliability.md 4.3).
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.db.models import F

from core import ledger
from core.ledger import Line
from core.tx import part
from orders.models import PointsLot

CURRENCY = "PTS"
POINTS = "points"
ISSUED, HELD, SPENT = "points_issued", "points_held", "points_spent"
EXPIRED, OWED = "points_expired", "points_owed"


def account(owner: str, kind: str = POINTS) -> str:
    """The account of a person, by public id."""
    return f"{kind}:{owner}"


@part
def lock_points(owner: str) -> None:
    """One at a time changes this person's points; last in the lock order (design.md rule 4)."""
    mine = account(owner)
    ledger.ensure_accounts([(mine, CURRENCY)])
    with connection.cursor() as cursor:
        cursor.execute(
            "select from core_accountbalance where account_id = %s and currency = %s for update",
            [mine, CURRENCY],
        )


def move(
    *, key: str, kind: str, to: str, out: str, points: int, subject: str, now: datetime,
    note: str = "",
) -> bool:  # fmt: skip
    """One journal of points from `out` (credited) to `to` (debited); False when posted before."""
    lines = (Line(to, points, subject, CURRENCY), Line(out, -points, subject, CURRENCY))
    return ledger.post(key=key, kind=kind, lines=lines, now=now, note=note)


@part
def grant_points(
    *,
    owner: str,
    points: int,
    kind: str,
    key: str,
    subject: str,
    expires_at: datetime | None,
    now: datetime,
    note: str = "",
) -> bool:
    """Give a person points, once for an event `key`; False when it was given before.

    What they owe from refunds is taken off first. Whole points. `owner` is a public id, `kind` a
    value of LotKind. Raises nothing for zero.
    """
    lock_points(owner)
    if points <= 0 or PointsLot.objects.filter(key=key).exists():
        return False
    owed = min(points, owed_points(owner))
    lines = [
        Line(ISSUED, points, subject, CURRENCY),
        Line(account(owner), owed - points, subject, CURRENCY),
        Line(account(owner, OWED), -owed, subject, CURRENCY),
    ]
    if not ledger.post(key=key, kind=f"points.{kind}", lines=lines, now=now, note=note):
        return False
    PointsLot.objects.create(
        owner=owner, kind=kind, key=key, subject=subject, points=points - owed, left=points - owed,
        expires_at=expires_at, created_at=now,
    )  # fmt: skip
    return True


@part
def take_points(
    *, owner: str, points: int, key: str, kind: str, subject: str, now: datetime, note: str = "",
    lot_key: str = "",
) -> bool:  # fmt: skip
    """Take issued points from a person, once for an event `key`, never below zero.

    From the lot of `lot_key` first, then from the first to end. What is missing stands as owed and
    comes off what they get next. False when it was taken before.
    """
    lock_points(owner)
    taken, lots = 0, usable_lots(owner, now=None)
    lots.sort(key=lambda lot: lot.key != lot_key)
    pieces = cut(lots, points)
    taken = sum(piece for _lot, piece in pieces)
    lines = [
        Line(account(owner), taken, subject, CURRENCY),
        Line(account(owner, OWED), points - taken, subject, CURRENCY),
        Line(ISSUED, -points, subject, CURRENCY),
    ]
    if not ledger.post(key=key, kind=kind, lines=lines, now=now, note=note):
        return False
    for lot, piece in pieces:
        PointsLot.objects.filter(pk=lot.pk).update(left=F("left") - piece)
    return True


def usable_lots(owner: str, *, now: datetime | None) -> list[PointsLot]:
    """Lots with something left, the first to end first; without `now` also those that have ended."""
    rows = PointsLot.objects.filter(owner=owner, left__gt=0)
    lots = list(rows.order_by(F("expires_at").asc(nulls_last=True), "id"))
    return [lot for lot in lots if now is None or lot.expires_at is None or lot.expires_at > now]


def cut(lots: Sequence[PointsLot], points: int) -> list[tuple[PointsLot, int]]:
    """How much to take of each lot, in their order, until there are `points`, or as many as are."""
    pieces, left = [], points
    for lot in lots:
        piece = min(left, lot.left)
        if piece:
            pieces.append((lot, piece))
            left -= piece
    return pieces


def owed_points(owner: str) -> int:
    """Points that were taken back when the person had none any more."""
    return ledger.balance(account(owner, OWED), CURRENCY)
