"""How a batch of codes belongs to a purchase: bound when it is uploaded, noticed when it has ended."""

from datetime import datetime

from core import transitions
from core.tx import part
from fulfillment.models import CodeBatch, Purchase, PurchaseLine
from fulfillment.services.purchasing.order_purchase import batches_of, units_received
from fulfillment.states import PurchaseState


@part
def is_open(line_id: int) -> bool:
    """Lock the purchase of a line; whether codes may still come for it."""
    line = PurchaseLine.objects.get(pk=line_id)
    purchase = Purchase.objects.select_for_update(of=("self",)).get(pk=line.purchase_id)
    return purchase.state == PurchaseState.ORDERED


@part
def note_receipt(batch: CodeBatch, *, now: datetime) -> bool:
    """A bound batch has ended: when every line has all its codes, the purchase is received.

    Called with the batch locked and already finished; returns whether the purchase moved on.
    """
    if batch.purchase_line_id is None or batch.dry_run:
        return False
    line = PurchaseLine.objects.get(pk=batch.purchase_line_id)
    purchase = Purchase.objects.select_for_update(of=("self",)).get(pk=line.purchase_id)
    came = units_received(purchase)
    whole = all(came[line.pk] == line.units for line in purchase.lines.all())
    if not whole or batches_of(purchase, unfinished=True):
        return False
    return transitions.move(
        Purchase, purchase.pk, from_=[PurchaseState.ORDERED], to=PurchaseState.RECEIVED, now=now,
        by="worker", why=batch.public_id, received_at=now,
    )  # fmt: skip
