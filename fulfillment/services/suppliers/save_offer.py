"""Which goods a supplier sells us, and for how much at most: every change says what it was."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from core import audit
from core.tx import part
from fulfillment.models import SupplierOffer
from fulfillment.services.suppliers.follow_good import follow_goods, keep_list


@dataclass(frozen=True, slots=True)
class Terms:
    """What an offer says. Costs are of one unit, in minor units of the supplier's currency."""

    sku_id: int
    supplier_id: int
    supplier_sku: str
    cost_minor: int
    max_cost_minor: int
    position: int
    active: bool
    weight: int = 1
    cost_locked: bool = False


@part
def save_offer(
    *, terms: Terms, by: str, now: datetime, offer_id: int | None = None
) -> SupplierOffer:
    """Make an offer, or change the one with this key; audited, unless nothing is changed.

    Raises IntegrityError when the supplier offers this SKU under the same number already.
    """
    keep_list(supplier_id=terms.supplier_id)
    before = None
    if offer_id is None:
        saved = SupplierOffer.objects.create(**asdict(terms))
    else:
        before = _locked(offer_id)
        SupplierOffer.objects.filter(pk=offer_id).update(**asdict(terms))
        saved = SupplierOffer.objects.get(pk=offer_id)
    # What its supplier's list says holds for a new or changed offer at once.
    follow_goods(supplier_id=saved.supplier_id, numbers=[saved.supplier_sku], now=now)
    saved.refresh_from_db()
    after = _told(saved)
    if after != before:
        audit.record(
            tag="offer:saved", by=by, subject=f"offer:{saved.pk}", now=now,
            before=before, after=after,
        )  # fmt: skip
    return saved


@part
def delete_offer(*, offer_id: int, by: str, now: datetime) -> None:
    """Remove an offer that nothing was bought by. Raises ProtectedError otherwise."""
    before = _locked(offer_id)
    SupplierOffer.objects.get(pk=offer_id).delete()
    audit.record(tag="offer:deleted", by=by, subject=f"offer:{offer_id}", now=now, before=before)


def _locked(offer_id: int) -> dict[str, Any]:
    return _told(SupplierOffer.objects.select_for_update(of=("self",)).get(pk=offer_id))


def _told(offer: SupplierOffer) -> dict[str, Any]:
    return {
        "sku": offer.sku.code,
        "supplier": offer.supplier.code,
        "supplier_sku": offer.supplier_sku,
        "cost_minor": offer.cost_minor,
        "max_cost_minor": offer.max_cost_minor,
        "position": offer.position,
        "active": offer.active,
        "cost_locked": offer.cost_locked,
        "weight": offer.weight,
    }
