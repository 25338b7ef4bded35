"""What a person owns, by filter, with the counts of all filters in one statement."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.faces import Face
from fulfillment.models import CodeIssue, CodeReveal, Entitlement
from fulfillment.queries.deliveries import last_day
from fulfillment.queries.showing import shown
from fulfillment.states import EntitlementState

SOON_DAYS = 7
FILTERS = ("usable", "expiring", "used", "all")
_ALIVE = (EntitlementState.ISSUED, EntitlementState.ACTIVE)
_WORDS = {EntitlementState.EXHAUSTED: "used", EntitlementState.EXPIRED: "expired",
          EntitlementState.REVOKED: "revoked"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Owned:
    """One entitlement, ready for templates/fulfillment/wallet.html and entitlement.html."""

    id: str
    url: str
    face: Face
    title: str
    sku_title: str
    kind: str
    state: str
    target: str
    delivered_at: datetime | None
    expires_on: date | None
    expires_soon: bool
    has_code: bool
    guide: str
    reference: str
    number_hint: str = ""
    order_url: str = ""

    def completed(self, number_hint: str, order_url: str) -> "Owned":
        """The same with what only its own page tells."""
        return replace(self, number_hint=number_hint, order_url=order_url)


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of an entitlement's history."""

    at: datetime
    text: str


def _conditions(now: datetime) -> dict[str, Q]:
    unended = Q(valid_until=None) | Q(valid_until__gt=now)
    alive = Q(state__in=_ALIVE) & unended
    return {
        "usable": alive,
        "expiring": alive & Q(valid_until__lte=now + timedelta(days=SOON_DAYS)),
        "used": ~Q(state__in=_ALIVE) | Q(valid_until__lte=now),
        "all": Q(),
    }


def entitlements_of(owner: str, *, show: str, now: datetime) -> QuerySet[Entitlement]:
    """A person's entitlements under one of FILTERS, newest first; what ends soon comes first there."""
    rows = Entitlement.objects.filter(_conditions(now)[show], owner=owner).select_related(
        "delivery"
    )
    return rows.order_by("valid_until", "-id") if show == "expiring" else rows.order_by("-id")


def wallet_counts(owner: str, *, now: datetime) -> dict[str, int]:
    """How many entitlements each filter shows."""
    return Entitlement.objects.filter(owner=owner).aggregate(
        **{
            name: Count("pk", filter=cond)
            for name, cond in _conditions(now).items()
            if name != "all"
        },
        all=Count("pk"),
    )


def owned(row: Entitlement, *, language: str, now: datetime) -> Owned:
    """An entitlement as it is shown."""
    look = shown(row.sku_id, language)
    ended = row.valid_until is not None and row.valid_until <= now
    state = _WORDS.get(EntitlementState(row.state), "expired" if ended else "active")
    soon = row.valid_until is not None and row.valid_until <= now + timedelta(days=SOON_DAYS)
    return Owned(
        id=row.public_id,
        url=reverse("fulfillment:entitlement", args=[row.public_id]),
        face=look.face,
        title=look.title,
        sku_title=look.sku_title,
        kind=row.kind,
        state=state,
        target=row.delivery.target_masked,
        delivered_at=row.delivery.delivered_at,
        expires_on=None if row.valid_until is None else last_day(row.valid_until),
        expires_soon=soon and state == "active",
        has_code=row.kind == "pool",
        guide=look.guide,
        reference=row.reference,
    )


def number_hint(row: Entitlement) -> str:
    """“ends in 2296”, or nothing for goods without a number."""
    issue = (
        CodeIssue.objects.filter(delivery_id=row.delivery_id)
        .select_related("code")
        .only("code__masked")
        .order_by("-number")
        .first()
    )
    tail = issue.code.masked.strip("•") if issue else ""
    return _("ends in %(tail)s") % {"tail": tail} if tail else ""


def happenings(row: Entitlement) -> list[Happening]:
    """What became of it, newest first."""
    reveals = CodeReveal.objects.filter(delivery_id=row.delivery_id).order_by("-at")[:20]
    found = [Happening(reveal.at, _("The code was shown.")) for reveal in reveals]
    found.append(Happening(row.created_at, _("It came into the wallet.")))
    if row.delivery.revoked_at:
        found.append(Happening(row.delivery.revoked_at, _("It was taken back.")))
    return sorted(found, key=lambda one: one.at, reverse=True)
