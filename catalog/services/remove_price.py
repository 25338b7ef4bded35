"""Taking a price out of its list."""

from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from catalog import snapshot
from catalog.audit_tags import PRICE_REMOVED
from catalog.models import Price
from catalog.services.set_price import PriceRefused
from catalog.states import ProductState
from core import audit
from core.tx import part


@part
def remove_price(*, price_id: int, now: datetime, acting: str) -> None:
    """Remove one price row. Raises PriceRefused when a SKU on sale would have no price left."""
    row = Price.objects.select_related("sku__product", "price_list").get(pk=price_id)
    if row.sku.product.state == ProductState.ON_SALE and row.sku.is_active:
        others = Price.objects.filter(sku=row.sku, min_quantity=1).exclude(pk=row.pk)
        if not others.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now)).exists():
            raise PriceRefused(_("This is the last price of a SKU that is on sale."))
    audit.record(
        tag=PRICE_REMOVED,
        by=acting,
        subject=f"sku:{row.sku.public_id}",
        before={"amount_minor": row.amount_minor, "list": row.price_list.code},
        now=now,
    )
    row.delete()
    snapshot.changed()
