"""Let a supplier offer every SKU that suppliers deliver, at the catalogue's cost."""

from datetime import datetime

from catalog.models import Sku
from catalog.states import DeliveryKind
from core import audit
from core.tx import step
from fulfillment.models import Supplier, SupplierOffer
from fulfillment.services.suppliers.follow_good import follow_goods, keep_list

#: How far above the known cost a purchase may go before it is refused, in percent.
LEEWAY_PERCENT = 5


@step()
def offer_goods(*, supplier_code: str, by: str, now: datetime) -> int:
    """Add the offers that are missing, under our own SKU codes; returns how many were.

    Existing offers stay as they are. The highest cost is the catalogue's cost and LEEWAY_PERCENT.
    """
    supplier = Supplier.objects.get(code=supplier_code)
    keep_list(supplier_id=supplier.pk)
    wanted = (
        Sku.objects.filter(
            product__product_type__delivery_kind=DeliveryKind.TOPUP,
            cost_minor__isnull=False,
            currency=supplier.currency,
        )
        .exclude(offers__supplier=supplier)
        .order_by("id")
    )
    offers = [
        SupplierOffer(
            sku=sku,
            supplier=supplier,
            supplier_sku=sku.code,
            cost_minor=sku.cost_minor or 0,
            max_cost_minor=(sku.cost_minor or 0) * (100 + LEEWAY_PERCENT) // 100,
        )
        for sku in wanted
    ]
    made = SupplierOffer.objects.bulk_create(offers, ignore_conflicts=True)
    numbers = [offer.supplier_sku for offer in offers]
    follow_goods(supplier_id=supplier.pk, numbers=numbers, now=now)
    if made:
        audit.record(
            tag="supplier:offers",
            by=by,
            subject=f"supplier:{supplier.code}",
            now=now,
            after={"added": len(made)},
        )
    return len(made)
