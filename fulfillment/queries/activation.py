"""How goods of a SKU are activated: the shop's terms, from the moment they were set."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from catalog import snapshot
from catalog.states import Binding, DeliveryKind, ValidityKind
from core.cache import Versioned
from fulfillment.models import ActivationTerms, Entitlement
from fulfillment.queries.goods import DAYS_IN_MONTH

NAME = "fulfillment.activation"
CREDITED = frozenset({DeliveryKind.TOPUP, DeliveryKind.MANUAL})
#: Bindings that the browser itself shows; the others are asked for where the goods are used.
PLACES = frozenset({Binding.DEVICE, Binding.IP})


@dataclass(frozen=True, slots=True)
class Terms:
    """How one entitlement is activated. `needed`: without it nothing is shown and nothing used.

    `lasts` is how long it is good from its first activation, None where activating changes no date.
    """

    needed: bool
    binding: str
    activations: int
    opens_at: datetime | None
    closes_at: datetime | None
    lasts: timedelta | None

    @property
    def bound_to_place(self) -> bool:
        return self.needed and self.binding in PLACES


def forget() -> None:
    """Drop what this process holds: between tests, where versions repeat."""
    _held.forget()


def terms_of(row: Entitlement) -> Terms:
    """The terms under which it was issued. No statement while the process's copy is warm."""
    return terms(row.sku_id, row.created_at)


def terms(sku_id: int, issued_at: datetime) -> Terms:
    """The terms of goods of a SKU issued then. Source: F10."""
    snap = snapshot.current()
    sku = snap.skus[sku_id]
    kind = snap.types[snap.products[sku.product_id].product_type_id]
    own = next((row for row in _held.get().get(sku_id, ()) if row.since <= issued_at), None)
    binding = own.binding if own else kind.binding
    from_activation = sku.validity_kind == ValidityKind.FROM_ACTIVATION
    days = (sku.validity_days or 0) + (sku.validity_months or 0) * DAYS_IN_MONTH
    asked = from_activation or own is not None or binding != Binding.NONE
    return Terms(
        # What was credited elsewhere has nothing left to activate.
        needed=asked and kind.delivery_kind not in CREDITED,
        binding=binding,
        activations=own.activations if own else 1,
        opens_at=own.opens_at if own else None,
        closes_at=_closes(own, issued_at),
        lasts=timedelta(days=days) if from_activation and days else None,
    )


def _closes(own: ActivationTerms | None, issued_at: datetime) -> datetime | None:
    if own is None:
        return None
    ends = [own.closes_at, issued_at + timedelta(days=own.within_days) if own.within_days else None]
    return min((end for end in ends if end is not None), default=None)


def _load() -> Mapping[int, Sequence[ActivationTerms]]:
    found: dict[int, list[ActivationTerms]] = defaultdict(list)
    for row in ActivationTerms.objects.order_by("-since", "-id"):
        found[row.sku_id].append(row)
    return dict(found)


_held = Versioned(NAME, _load)
