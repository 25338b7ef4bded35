"""Gifts as their giver and their friend see them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.urls import reverse

from catalog.faces import Face
from fulfillment.models import Entitlement, Gift
from fulfillment.queries.showing import shown
from fulfillment.states import GiftState


@dataclass(frozen=True, slots=True)
class GiftView:
    """A gift, ready for templates/fulfillment/gift.html and given.html."""

    id: str
    url: str
    state: str
    card: str
    face: Face
    title: str
    sku_title: str
    sender: str
    greeting: str
    sent_to: str
    guide: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    thing_url: str


def gift_view(row: Gift, *, language: str) -> GiftView:
    """A gift as it is shown; `row` was read with its entitlement."""
    look = shown(row.entitlement.sku_id, language)
    return GiftView(
        id=row.public_id,
        url=reverse("fulfillment:given", args=[row.public_id]),
        state=row.state,
        card=row.card,
        face=look.face,
        title=look.title,
        sku_title=look.sku_title,
        sender=row.sender,
        greeting=row.greeting,
        sent_to=row.sent_to,
        guide=look.guide,
        created_at=row.created_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        thing_url=reverse("fulfillment:entitlement", args=[row.entitlement.public_id]),
    )


def open_gift_of(owned: Entitlement) -> Gift | None:
    """The gift on which a thing is on its way, if it is."""
    return Gift.objects.filter(entitlement=owned, state=GiftState.OPEN).first()


def gifts_of(giver: str) -> QuerySet[Gift]:
    """What a person gave away and is still on its way or accepted, newest first."""
    given = Gift.objects.filter(giver=giver, state__in=[GiftState.OPEN, GiftState.CLAIMED])
    return given.select_related("entitlement").order_by("-id")


def passed_on(deliveries: Iterable[str]) -> set[str]:
    """Those of the named deliveries which belong to another holder than their buyer."""
    moved = Entitlement.objects.filter(delivery__public_id__in=list(deliveries), moves__gt=0)
    return set(moved.values_list("delivery__public_id", flat=True))
