"""The cost of a SKU as the catalogue knows it: what the floor of its price is made of."""

from datetime import datetime

from catalog import snapshot
from catalog.audit_tags import SKU_COST
from catalog.models import Sku
from catalog.services.follow_cost import follow_changed_cost
from core import audit
from core.tx import part


@part
def set_cost(*, sku_id: int, cost_minor: int, now: datetime, acting: str = "system") -> bool:
    """Set the cost of one unit in minor units of the SKU's currency; returns whether it changed.

    Prices with a cost-plus rule follow in this transaction. A rise above a price that follows
    nothing is recorded all the same, since it is a fact: INV-K2 reports it, and the SKU's offer
    shows a floor above its price, which every path of sale refuses.
    Raises ValueError for a negative cost.
    """
    if cost_minor < 0:
        raise ValueError("a cost is not negative")
    sku = Sku.objects.select_for_update().get(pk=sku_id)
    if sku.cost_minor == cost_minor:
        return False
    before = sku.cost_minor
    Sku.objects.filter(pk=sku_id).update(cost_minor=cost_minor)
    audit.record(
        tag=SKU_COST,
        by=acting,
        subject=f"sku:{sku.public_id}",
        before={"cost_minor": before},
        after={"cost_minor": cost_minor},
        now=now,
    )
    follow_changed_cost(sku_id=sku_id, now=now)
    snapshot.changed()
    return True
