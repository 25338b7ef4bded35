"""Files of codes come for a purchase: each is a batch bound to its line, at the agreed cost.

The import is the one every file takes; what it accepts is what was received, and its postings are
the purchase's. A difference between ordered and received is never hidden: it ends with a reason.
"""

from collections.abc import Iterable
from datetime import date, datetime

from core import audit, transitions
from core.tx import step
from fulfillment.models import CodeBatch, Purchase, PurchaseLine
from fulfillment.services.imports.import_codes import ImportRefused, ImportRequest, import_codes
from fulfillment.services.purchasing.order_purchase import batches_of, lock, units_received
from fulfillment.services.purchasing.plan_purchase import NotPlannable
from fulfillment.states import PurchaseState


def receive_purchase(
    *,
    line_id: int,
    file_name: str,
    chunks: Iterable[bytes],
    by: str,
    now: datetime,
    expires_on: date | None = None,
    layout: str = CodeBatch.Layout.PAIR,
    dry_run: bool = False,
) -> CodeBatch:
    """Take a file for a line of an ordered purchase; a worker imports it. No transaction is open.

    Supplier, cost and way of paying are the purchase's. Raises ImportRefused, FileRefused.
    """
    line = PurchaseLine.objects.select_related("purchase").get(pk=line_id)
    if line.purchase.state != PurchaseState.ORDERED:
        raise ImportRefused("purchase_not_open")
    return import_codes(
        ImportRequest(
            sku_id=line.sku_id,
            file_name=file_name,
            supplier_id=line.purchase.supplier_id,
            cost_minor=line.cost_minor,
            paid_from=line.purchase.paid_from,
            expires_on=expires_on,
            layout=layout,
            dry_run=dry_run,
            purchase_line_id=line.pk,
        ),
        chunks=chunks,
        by=by,
        now=now,
    )


@step()
def end_receipt(*, purchase_id: str, why: str, by: str, now: datetime) -> bool:
    """A person says that no more will come, though less or more came than was ordered.

    False when it is not open or a file is still being read. Raises NotPlannable without a reason
    while there is a difference.
    """
    purchase = lock(purchase_id)
    if purchase.state != PurchaseState.ORDERED or batches_of(purchase, unfinished=True):
        return False
    came = units_received(purchase)
    differs = {
        line.pk: came[line.pk] - line.units
        for line in purchase.lines.all()
        if came[line.pk] != line.units
    }
    if differs and not why.strip():
        raise NotPlannable("say_why")
    moved = transitions.move(
        Purchase, purchase.pk, from_=[PurchaseState.ORDERED], to=PurchaseState.RECEIVED, now=now,
        by=by, why=why, received_at=now, difference_why=why.strip()[:200] if differs else "",
    )  # fmt: skip
    audit.record(
        tag="purchase:received", by=by, subject=purchase.public_id, now=now,
        after={"differs": differs, "why": why},
    )  # fmt: skip
    return moved


@step()
def close_purchase(*, purchase_id: str, by: str, now: datetime) -> bool:
    """Put a received purchase away: checked and paid. Nothing can come for it any more."""
    purchase = lock(purchase_id)
    moved = transitions.move(
        Purchase, purchase.pk, from_=[PurchaseState.RECEIVED], to=PurchaseState.CLOSED, now=now,
        by=by, closed_at=now,
    )  # fmt: skip
    if moved:
        audit.record(tag="purchase:closed", by=by, subject=purchase.public_id, now=now)
    return moved
