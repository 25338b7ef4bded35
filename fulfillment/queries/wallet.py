"""What a person owns, by filter, with the counts of all filters in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.urls import reverse
from django.utils.translation import gettext as _

from catalog import snapshot
from catalog.faces import Face
from catalog.search.text import normalise, pinyin_starts
from catalog.states import DeliveryKind
from fulfillment.models import CodeIssue, Entitlement
from fulfillment.origins import Origin, origins_of
from fulfillment.queries.activation import terms_of
from fulfillment.queries.deliveries import last_day
from fulfillment.queries.editions import Numbered, numbered
from fulfillment.queries.goods import MADE_HERE
from fulfillment.queries.showing import shown
from fulfillment.states import EntitlementState

SOON_DAYS = 7
FILTERS = ("usable", "unused", "active", "expiring", "used", "expired", "given", "all")
_ALIVE = (EntitlementState.ISSUED, EntitlementState.ACTIVE)
_WORDS = {EntitlementState.EXHAUSTED: "used", EntitlementState.EXPIRED: "expired",
          EntitlementState.REVOKED: "revoked", EntitlementState.ACTIVE: "active"}  # fmt: skip


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
    received_at: datetime
    expires_on: date | None
    expires_soon: bool
    has_code: bool
    to_activate: bool
    guide: str
    reference: str
    uses_left: int | None = None
    uses_total: int | None = None
    amount_left_minor: int | None = None
    number_hint: str = ""
    order_url: str = ""
    origin: Origin | None = None
    numbered: Numbered | None = None

    @property
    def alive(self) -> bool:
        """Whether it is drawn in color."""
        return self.state in {"unused", "active"}

    def completed(self, number_hint: str, order_url: str) -> "Owned":
        """The same with what only its own page tells."""
        return replace(self, number_hint=number_hint, order_url=order_url)


def _conditions(now: datetime) -> dict[str, Q]:
    unended = Q(valid_until=None) | Q(valid_until__gt=now)
    alive = Q(state__in=_ALIVE, given_at=None) & unended
    return {
        "usable": alive,
        "unused": alive & Q(state=EntitlementState.ISSUED),
        "active": alive & Q(state=EntitlementState.ACTIVE),
        "expiring": alive & Q(valid_until__lte=now + timedelta(days=SOON_DAYS)),
        "used": Q(state=EntitlementState.EXHAUSTED),
        "expired": Q(state=EntitlementState.EXPIRED) | Q(state__in=_ALIVE, valid_until__lte=now),
        "all": Q(),
    }


def entitlements_of(
    owner: str, *, show: str, now: datetime, search: str = ""
) -> QuerySet[Entitlement]:
    """A person's entitlements under one of FILTERS (not `given`), what needs attention first.

    First what ends soon, in the order in which it ends; then what is in use; then the newest.
    """
    rows = _found(Entitlement.objects.filter(_conditions(now)[show], owner=owner), search)
    soon = Q(valid_until__lte=now + timedelta(days=SOON_DAYS), valid_until__gt=now)
    attention = Case(
        When(soon & Q(state__in=_ALIVE, given_at=None), then=Value(0)),
        When(state=EntitlementState.ACTIVE, given_at=None, then=Value(1)),
        When(state=EntitlementState.ISSUED, then=Value(2)),
        default=Value(3),
        output_field=IntegerField(),
    )
    ends = Case(When(soon, then="valid_until"))
    ordered = rows.annotate(attention=attention, ends=ends).order_by("attention", "ends", "-id")
    return ordered.select_related("delivery")


def wallet_counts(owner: str, *, now: datetime, search: str = "") -> dict[str, int]:
    """How many entitlements each filter shows, but for `given`."""
    conditions = _conditions(now).items()
    return _found(Entitlement.objects.filter(owner=owner), search).aggregate(
        **{name: Count("pk", filter=cond) for name, cond in conditions if name != "all"},
        all=Count("pk"),
    )


def skus_named(words: str) -> list[int]:
    """SKUs whose brand, product or own name holds the words, or sounds like them in pinyin."""
    wanted = normalise(words).replace(" ", "")
    if not wanted:
        return []
    snap = snapshot.current()
    return [sku_id for sku_id in snap.skus if _sounds(sku_id, wanted)]


def _sounds(sku_id: int, wanted: str) -> bool:
    snap = snapshot.current()
    sku = snap.skus[sku_id]
    product = snap.products[sku.product_id]
    brand = snap.brands[product.brand_id]
    names = (brand.name, brand.name_en, product.name, product.name_en, sku.name, sku.name_en)
    plain = [normalise(name).replace(" ", "") for name in names]
    heard = (said for name in names for pair in pinyin_starts(normalise(name)) for said in pair)
    return any(wanted in text for text in plain) or any(said.startswith(wanted) for said in heard)


def _found(rows: QuerySet[Entitlement], search: str) -> QuerySet[Entitlement]:
    return rows.filter(sku_id__in=skus_named(search)) if search.strip() else rows


def owned(row: Entitlement, *, language: str, now: datetime) -> Owned:
    """An entitlement as it is shown."""
    look = shown(row.sku_id, language)
    ended = row.valid_until is not None and row.valid_until <= now
    state = _state(row, ended=ended)
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
        received_at=row.created_at,
        expires_on=None if row.valid_until is None else last_day(row.valid_until),
        expires_soon=soon and state in {"unused", "active"},
        has_code=row.kind in {DeliveryKind.POOL, DeliveryKind.VOUCHER},
        to_activate=state == "unused" and terms_of(row).needed,
        guide=look.guide,
        reference="" if row.moves else row.reference,
        uses_left=row.uses_left,
        uses_total=row.uses_total,
        amount_left_minor=row.amount_left_minor,
    )


def with_origins(
    rows: Sequence[Entitlement], shown: Sequence[Owned], *, language: str
) -> list[Owned]:
    """The same with what each was sold as a part of, and its number if it is a piece of an edition.

    Parts of one whole stand together. What came from somebody else tells nothing of how that person
    bought it.
    """
    own = {row.public_id: row.delivery.line for row in rows if not row.moves}
    known = origins_of(set(own.values()), language)
    pieces = numbered({row.public_id: row.pk for row in rows if row.kind in MADE_HERE})
    told = [
        replace(one, origin=known.get(own.get(one.id, "")), numbered=pieces.get(one.id))
        for one in shown
    ]
    places: dict[str, int] = {}
    for place, one in enumerate(told):
        places.setdefault(one.origin.key if one.origin else one.id, place)
    return sorted(told, key=lambda one: places[one.origin.key if one.origin else one.id])


def _state(row: Entitlement, *, ended: bool) -> str:
    """unused | active | used | expired | revoked | given."""
    if row.given_at is not None:
        return "given"
    word = _WORDS.get(EntitlementState(row.state), "unused")
    return "expired" if ended and word in {"unused", "active"} else word


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
