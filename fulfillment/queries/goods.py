"""What a SKU is, as far as delivering it needs to know; from the catalogue's snapshot."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.utils import timezone

from catalog import snapshot
from catalog.models import Sku
from catalog.states import DeliveryKind, ValidityKind

DAYS_IN_MONTH = 30
# Goods that exist by being written down: nothing has to be bought or found for them.
MADE_HERE = frozenset({DeliveryKind.VOUCHER, DeliveryKind.MEMBERSHIP})


@dataclass(frozen=True, slots=True)
class Goods:
    """A SKU's way of delivery. `sku` is the catalogue's row, for its dates and cost."""

    sku_id: int
    code: str
    kind: str
    sku: Any

    @property
    def from_pool(self) -> bool:
        return self.kind == DeliveryKind.POOL


def goods(sku_ids: Iterable[int]) -> dict[int, Goods]:
    """Goods by SKU key: no statement while the snapshot is warm. Raises LookupError if unknown."""
    held = snapshot.current()
    found = {}
    for sku_id in set(sku_ids):
        row = held.skus.get(sku_id)
        if row is not None:
            kind = held.types[held.products[row.product_id].product_type_id].delivery_kind
        else:
            # Newer than this process's snapshot, which is at most a second old.
            row = Sku.objects.select_related("product__product_type").filter(pk=sku_id).first()
            if row is None:
                raise LookupError(f"no SKU {sku_id}")
            kind = row.product.product_type.delivery_kind
        found[sku_id] = Goods(sku_id, row.code, kind, row)
    return found


def valid_until(one: Goods, now: datetime) -> datetime | None:
    """Until when a unit delivered at `now` is good, by the SKU's validity; None without an end.

    Days end at midnight of the shop's time zone.
    """
    sku = one.sku
    if sku.validity_kind == ValidityKind.WINDOW and sku.valid_until:
        return end_of_day(sku.valid_until)
    if sku.validity_kind not in (ValidityKind.FROM_PURCHASE, ValidityKind.ON_DELIVERY):
        return None
    days = (sku.validity_days or 0) + (sku.validity_months or 0) * DAYS_IN_MONTH
    return end_of_day(timezone.localdate(now) + timedelta(days=days)) if days else None


def start_of_day(day: Any) -> datetime:
    """The first moment of `day` in the shop's time zone."""
    return timezone.make_aware(datetime.combine(day, time.min))


def end_of_day(day: Any) -> datetime:
    """The first moment after `day` in the shop's time zone."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))
