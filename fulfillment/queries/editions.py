"""Certificates as they are shown: to everybody, as a file that strangers check, and to their holder."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse

from core.signing import is_signed
from fulfillment.chain import FORMAT, hash_of
from fulfillment.models import Certificate, CertificateLink, Edition, EditionPlace, SigningKey

SHORT = 12


@dataclass(frozen=True, slots=True)
class LinkView:
    """One link as the page shows it: what happened, when, by which holder's short mark."""

    number: int
    what: str
    at: datetime
    holder: str
    hash: str
    key: str


@dataclass(frozen=True, slots=True)
class CertificateView:
    """A certificate for templates/fulfillment/certificate.html. `sound`: we checked it just now."""

    id: str
    url: str
    name: str
    number: int
    size: int
    issued_at: datetime
    links: Sequence[LinkView]
    retired: bool
    sound: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """By which its holder proves to anybody to be the last holder of the chain."""

    salt: str = field(repr=False)
    owner: str


@dataclass(frozen=True, slots=True)
class Numbered:
    """What a wallet's card says of a piece: its number, of how many, and where its certificate is."""

    number: int
    size: int
    url: str


def numbered(entitlements: Mapping[str, int]) -> dict[str, Numbered]:
    """Number and size of those that are pieces of an edition, of keys by public id."""
    if not entitlements:
        return {}
    rows = Certificate.objects.filter(entitlement_id__in=entitlements.values()).values_list(
        "entitlement__public_id", "number", "edition__size", "public_id"
    )
    return {
        thing: Numbered(number, size, reverse("fulfillment:certificate", args=[public_id]))
        for thing, number, size, public_id in rows
    }


def certificate(public_id: str) -> Certificate | None:
    """The certificate with its edition and its goods."""
    rows = Certificate.objects.select_related("edition", "entitlement__delivery")
    return rows.filter(public_id=public_id).first()


def certificate_view(row: Certificate, *, language: str) -> CertificateView:
    """What everybody may see of it."""
    links = _links(row)
    edition = row.edition
    return CertificateView(
        id=row.public_id,
        url=reverse("fulfillment:certificate", args=[row.public_id]),
        name=edition.name_en if language.startswith("en") else edition.name,
        number=row.number,
        size=edition.size,
        issued_at=row.issued_at,
        links=[_seen(link) for link in links],
        retired=links[-1].what == CertificateLink.What.RETIRED,
        sound=is_sound(links),
    )


def is_sound(links: Sequence[CertificateLink]) -> bool:
    """Whether every link is signed by its key and stands on the one before."""
    before = ""
    for number, link in enumerate(links):
        told = link.record.encode()
        if link.number != number or link.hash != hash_of(link.record):
            return False
        if f'"previous":"{before}"' not in link.record:
            return False
        if not is_signed(bytes(link.key.public), told, bytes(link.signature)):
            return False
        before = link.hash
    return bool(links)


def claim_of(row: Certificate) -> Claim:
    """For its holder only: what opens the last link's holder mark."""
    last = _links(row)[-1]
    return Claim(bytes(last.salt).hex(), row.entitlement.owner)


def record_file(row: Certificate) -> dict[str, Any]:
    """The chain as a file: records as they were signed, signatures in base64, the keys they name."""
    links = _links(row)
    keys = {link.key.key_id: link.key for link in links}
    return {
        "format": FORMAT,
        "certificate": row.public_id,
        "links": [
            {
                "record": link.record,
                "hash": link.hash,
                "key": link.key.key_id,
                "signature": base64.b64encode(bytes(link.signature)).decode(),
            }
            for link in links
        ],
        "keys": {name: _public(key) for name, key in keys.items()},
    }


def published_keys() -> list[dict[str, str]]:
    """Every key that ever signed, newest first: its id, the public half in base64, since when."""
    return [
        {"key": key.key_id, "public": _public(key), "since": key.made_at.date().isoformat()}
        for key in SigningKey.objects.order_by("-id")
    ]


def editions_counted() -> QuerySet[Edition]:
    """Editions with how many pieces are kept for buyers, and how many numbers are retired."""
    return Edition.objects.annotate(
        kept=Count("places", filter=Q(places__sold_at=None) & ~Q(places__held_by="")),
    )


def with_last_link() -> QuerySet[Certificate]:
    """Certificates with what their last link says, and when."""
    last = CertificateLink.objects.filter(certificate=OuterRef("pk")).order_by("-number")
    return Certificate.objects.annotate(
        last_what=Subquery(last.values("what")[:1]), last_at=Subquery(last.values("at")[:1])
    )


def retired_numbers(edition: Edition) -> int:
    """How many numbers came back and are retired."""
    rows = CertificateLink.objects.filter(certificate__edition=edition)
    return rows.filter(what=CertificateLink.What.RETIRED).count()


def free_pieces(*, now: datetime) -> dict[int, int]:
    """Of each edition's SKU how many pieces may be bought now."""
    free = Q(sold_at=None) & (Q(held_by="") | Q(held_until__lt=now))
    counted = EditionPlace.objects.values("edition__sku_id").annotate(free=Count("pk", filter=free))
    return dict(counted.values_list("edition__sku_id", "free"))


def _links(row: Certificate) -> list[CertificateLink]:
    return list(row.links.select_related("key").order_by("number"))


def _seen(link: CertificateLink) -> LinkView:
    mark = link.record.partition('"holder":"')[2].partition('"')[0]
    return LinkView(link.number, link.what, link.at, mark[:SHORT], link.hash, link.key.key_id)


def _public(key: SigningKey) -> str:
    return base64.b64encode(bytes(key.public)).decode()
