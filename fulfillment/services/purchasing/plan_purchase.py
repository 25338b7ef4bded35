"""From chosen proposals to drafts: one purchase for each supplier. Nothing is bound by a draft."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import audit, transitions
from core.tx import step
from fulfillment.models import Purchase, PurchaseLine, PurchaseSource

#: More of one SKU in one purchase is a slip of the finger.
MOST_UNITS = 1_000_000


class NotPlannable(ValueError):
    """Nothing was chosen, or a quantity or a source makes no sense; the message is a key of why."""


@dataclass(frozen=True, slots=True)
class Wish:
    """So many units from one source; ``reasons`` is what the proposal went by."""

    source_id: int
    units: int
    reasons: Sequence[Sequence[Any]] = ()


@step()
def plan_purchase(*, wishes: Sequence[Wish], by: str, now: datetime) -> list[Purchase]:
    """Make a draft per supplier and currency, at the sources' costs. Raises NotPlannable."""
    if not wishes:
        raise NotPlannable("nothing_chosen")
    if any(not 0 < wish.units <= MOST_UNITS for wish in wishes):
        raise NotPlannable("bad_units")
    sources = PurchaseSource.objects.select_related("supplier").in_bulk(
        [wish.source_id for wish in wishes]
    )
    groups: dict[int, list[tuple[PurchaseSource, Wish]]] = defaultdict(list)
    for wish in wishes:
        source = sources.get(wish.source_id)
        if source is None or not source.active:
            raise NotPlannable("source_gone")
        groups[source.supplier_id].append((source, wish))
    return [_draft(chosen, by=by, now=now) for _, chosen in sorted(groups.items())]


def _draft(chosen: Sequence[tuple[PurchaseSource, Wish]], *, by: str, now: datetime) -> Purchase:
    supplier = chosen[0][0].supplier
    purchase = Purchase.objects.create(
        supplier=supplier, currency=supplier.currency, created_by=by[:48], created_at=now
    )
    for source, wish in chosen:
        PurchaseLine.objects.create(
            purchase=purchase, sku_id=source.sku_id, units=wish.units,
            cost_minor=source.cost_minor, reasons=[list(each) for each in wish.reasons],
        )  # fmt: skip
    transitions.begin(
        entity="purchase", subject=purchase.public_id, state=purchase.state, now=now, by=by
    )
    audit.record(
        tag="purchase:planned", by=by, subject=purchase.public_id, now=now,
        after={"supplier": supplier.code, "units": sum(wish.units for _, wish in chosen)},
    )  # fmt: skip
    return purchase


@step()
def change_draft(
    *, purchase_id: str, lines: Mapping[int, tuple[int, int]], by: str, now: datetime
) -> bool:
    """Set (units, cost of one in minor units) of a draft's lines by key; 0 units drop the line.

    False when it is no draft any more. Raises NotPlannable.
    """
    purchase = Purchase.objects.select_for_update(of=("self",)).get(public_id=purchase_id)
    if purchase.state != "draft":
        return False
    before = {line.pk: [line.units, line.cost_minor] for line in purchase.lines.all()}
    for pk, (units, cost_minor) in lines.items():
        if pk not in before or not 0 <= units <= MOST_UNITS or cost_minor < 0:
            raise NotPlannable("bad_units")
        if units:
            purchase.lines.filter(pk=pk).update(units=units, cost_minor=cost_minor)
        else:
            purchase.lines.filter(pk=pk).delete()
    after = {line.pk: [line.units, line.cost_minor] for line in purchase.lines.all()}
    if after != before:
        audit.record(
            tag="purchase:changed", by=by, subject=purchase.public_id, now=now,
            before={"lines": before}, after={"lines": after},
        )  # fmt: skip
    return True
