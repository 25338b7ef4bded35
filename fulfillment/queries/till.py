"""What was redeemed at a store on one day, for those who stand at its tills."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Q, QuerySet, Sum

from core.ids import new_token
from fulfillment.models import Clerk, ClerkRole, Redemption, RedemptionKind, RefusedScan, TillKey
from fulfillment.queries.goods import end_of_day, start_of_day
from fulfillment.queries.showing import shown
from fulfillment.redemption import ClerkView

MINE, STORE = "mine", "store"
_LEADS = (ClerkRole.LEAD, ClerkRole.MERCHANT)


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum in minor units of one currency."""

    minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Totals:
    """A day in figures. What was undone counts in `undone` only."""

    count: int
    uses: int
    amounts: list[Amount]
    undone: int
    refused: int


@dataclass(frozen=True, slots=True)
class Scanned:
    """One use, ready for templates/fulfillment/redeem/today.html."""

    id: str
    at: datetime
    title: str
    sku_title: str
    tail: str
    uses: int
    amount_minor: int
    currency: str
    clerk: str
    undone_at: datetime | None
    undo_until: datetime | None
    can_undo: bool
    nonce: str


def may_see_store(clerk: ClerkView) -> bool:
    """Whether the clerk sees what others scanned at the store."""
    return clerk.role in _LEADS


def uses_of_day(clerk: ClerkView, *, day: date, whose: str) -> QuerySet[Redemption]:
    """Uses of one day of the shop's time zone, newest first: the clerk's own, or the whole store's."""
    rows = Redemption.objects.filter(_of(clerk, whose), _on(day), kind=RedemptionKind.USE)
    return rows.select_related("entitlement", "voucher", "undone").order_by("-id")


def totals_of_day(clerk: ClerkView, *, day: date, whose: str) -> Totals:
    """The figures of the same day and the same people."""
    rows = Redemption.objects.filter(_of(clerk, whose), _on(day), kind=RedemptionKind.USE)
    kept = Q(undone=None)
    found = rows.values("currency").annotate(
        count=Count("pk", filter=kept),
        uses=Sum("uses", filter=kept, default=0),
        minor=Sum("amount_minor", filter=kept, default=0),
        back=Count("pk", filter=~kept),
    )
    by_currency = list(found.order_by("currency"))
    amounts = [Amount(row["minor"], row["currency"]) for row in by_currency if row["minor"]]
    return Totals(
        count=sum(row["count"] for row in by_currency),
        uses=sum(row["uses"] for row in by_currency),
        amounts=amounts,
        undone=sum(row["back"] for row in by_currency),
        refused=RefusedScan.objects.filter(_of(clerk, whose), _on(day)).count(),
    )


def count_of_day(clerk: ClerkView, *, day: date) -> int:
    """How many uses of this day are the clerk's own and were not undone."""
    rows = Redemption.objects.filter(_of(clerk, MINE), _on(day), kind=RedemptionKind.USE)
    return rows.filter(undone=None).count()


def scanned(
    rows: Iterable[Redemption], *, clerk: ClerkView, language: str, now: datetime
) -> list[Scanned]:
    """Uses as they are shown, with the names of who scanned them. One statement for clerks and tills each."""
    listed = list(rows)
    names = _names({row.actor for row in listed})
    return [_scanned(row, names, clerk, language, now) for row in listed]


def _scanned(
    row: Redemption, names: dict[str, str], clerk: ClerkView, language: str, now: datetime
) -> Scanned:
    look, back = shown(row.entitlement.sku_id, language), getattr(row, "undone", None)
    open_still = back is None and row.undo_until is not None and row.undo_until > now
    return Scanned(
        id=row.public_id,
        at=row.at,
        title=look.title,
        sku_title=look.sku_title,
        tail=row.voucher.masked.strip("•"),
        uses=row.uses,
        amount_minor=row.amount_minor,
        currency=row.currency,
        clerk=names.get(row.actor, ""),
        undone_at=None if back is None else back.at,
        undo_until=row.undo_until,
        can_undo=open_still and (row.actor == clerk.actor or may_see_store(clerk)),
        nonce=new_token(),
    )


def _names(actors: set[str]) -> dict[str, str]:
    clerks = Clerk.objects.filter(public_id__in=actors).values_list("public_id", "name")
    tills = TillKey.objects.filter(public_id__in=actors).values_list("public_id", "name")
    return dict([*clerks, *tills])


def _of(clerk: ClerkView, whose: str) -> Q:
    """The store comes first: its index leads to the newest rows."""
    place = Q(store_id=clerk.store_pk)
    return place if whose == STORE and may_see_store(clerk) else place & Q(actor=clerk.actor)


def _on(day: date) -> Q:
    return Q(at__gte=start_of_day(day), at__lt=end_of_day(day))
