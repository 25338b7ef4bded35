"""Each sold unit of an edition gets the next number, once, with a certificate, in the sale's transaction.

The counter's row is touched last and in SKU order: whoever sells the same edition waits only for
the end of this transaction, and a sale that is rolled back takes its numbers with it.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.db.models import F

from core.faults import guard_off
from core.tx import part
from fulfillment.models import Certificate, CertificateLink, Edition, EditionPlace, Entitlement
from fulfillment.services.editions.link_certificate import write_link
from fulfillment.units import DeliveredUnit


class NoNumberLeft(RuntimeError):
    """A unit was about to be handed over without a piece kept for it. The sale is rolled back."""


@part
def issue_certificates(*, reference: str, units: Sequence[DeliveredUnit], now: datetime) -> int:
    """Number the delivered units that are pieces of an edition. Returns how many.

    Raises NoNumberLeft unless `hold_places` kept a piece for each.
    """
    owned = Entitlement.objects.filter(public_id__in=[unit.entitlement for unit in units])
    by_sku: dict[int, list[Entitlement]] = defaultdict(list)
    for row in owned.order_by("id"):
        by_sku[row.sku_id].append(row)
    editions = Edition.objects.filter(sku_id__in=by_sku).order_by("sku_id")
    sold = 0
    for edition_id, sku_id in editions.values_list("pk", "sku_id"):
        _issue(edition_id, by_sku[sku_id], reference, now)
        sold += len(by_sku[sku_id])
    return sold


def _issue(edition_id: int, rows: list[Entitlement], reference: str, now: datetime) -> None:
    held = EditionPlace.objects.filter(edition=edition_id, held_by=reference, sold_at=None)
    places = list(held.select_for_update().order_by("id").values_list("pk", flat=True)[: len(rows)])
    if len(places) < len(rows):
        raise NoNumberLeft(reference)
    EditionPlace.objects.filter(pk__in=places).update(sold_at=now, held_until=None)
    edition, first = _numbers(edition_id, len(rows))
    for number, row in enumerate(rows, first):
        certificate = Certificate.objects.create(
            edition=edition, number=number, entitlement=row, issued_at=now
        )
        write_link(
            certificate, None, owner=row.owner, what=CertificateLink.What.ISSUED, by="system",
            now=now,
        )  # fmt: skip


def _numbers(edition_id: int, units: int) -> tuple[Edition, int]:
    """The edition, and the first of `units` numbers that nobody else gets."""
    if guard_off("editions.number"):
        edition = Edition.objects.get(pk=edition_id)
        Edition.objects.filter(pk=edition_id).update(issued=edition.issued + units)
        return edition, edition.issued + 1
    rows = Edition.objects.filter(pk=edition_id, issued__lte=F("size") - units)
    if not rows.update(issued=F("issued") + units):
        raise NoNumberLeft(edition_id)
    edition = Edition.objects.get(pk=edition_id)
    return edition, edition.issued - units + 1
