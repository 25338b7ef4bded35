"""A draft becomes an order to the supplier, or is dropped. Money moves when codes come."""

from datetime import date, datetime, timedelta

from django.db.models import Max
from django.utils import timezone

from core import audit, transitions
from core.tx import step
from fulfillment.models import CodeBatch, Purchase, PurchaseSource
from fulfillment.queries.restocking import received
from fulfillment.services.purchasing.plan_purchase import NotPlannable
from fulfillment.states import BatchState, PurchaseState

#: A batch in one of these may still bring codes.
UNFINISHED = (
    BatchState.QUEUED,
    BatchState.RUNNING,
    BatchState.CHECKED,
    BatchState.PAUSED,
    BatchState.FAILED,
)


@step()
def order_purchase(
    *,
    purchase_id: str,
    paid_from: str,
    by: str,
    now: datetime,
    their_no: str = "",
    expected_on: date | None = None,
) -> bool:
    """Bind the draft: from here on its lines do not change. False when it is no draft any more.

    Without a day given, it is expected after the longest lead time of its sources. Raises
    NotPlannable for a draft without lines or an unknown way to pay.
    """
    purchase = lock(purchase_id)
    if purchase.state != PurchaseState.DRAFT:
        return False
    if not purchase.lines.exists():
        raise NotPlannable("nothing_chosen")
    if paid_from not in CodeBatch.PaidFrom.values:
        raise NotPlannable("bad_payment")
    moved = transitions.move(
        Purchase, purchase.pk, from_=[PurchaseState.DRAFT], to=PurchaseState.ORDERED, now=now, by=by,
        why=their_no[:64], paid_from=paid_from, their_no=their_no[:64], ordered_at=now,
        expected_on=expected_on or _expected(purchase, now),
    )  # fmt: skip
    total = sum(line.total_minor for line in purchase.lines.all())
    audit.record(
        tag="purchase:ordered", by=by, subject=purchase.public_id, now=now,
        after={"supplier": purchase.supplier.code, "total_minor": total, "paid_from": paid_from},
    )  # fmt: skip
    return moved


@step()
def cancel_purchase(*, purchase_id: str, why: str, by: str, now: datetime) -> bool:
    """Drop a draft, or an order of which nothing came and nothing is on its way in.

    False when its state or a batch of it does not allow that.
    """
    purchase = lock(purchase_id)
    if batches_of(purchase, unfinished=True) or sum(units_received(purchase).values()):
        return False
    moved = transitions.move(
        Purchase, purchase.pk, from_=[PurchaseState.DRAFT, PurchaseState.ORDERED],
        to=PurchaseState.CANCELED, now=now, by=by, why=why, closed_at=now,
    )  # fmt: skip
    if moved:
        audit.record(
            tag="purchase:canceled", by=by, subject=purchase.public_id, now=now, after={"why": why}
        )
    return moved


def lock(purchase_id: str) -> Purchase:
    """The purchase, locked until the surrounding transaction ends."""
    return (
        Purchase.objects.select_for_update(of=("self",))
        .select_related("supplier")
        .get(public_id=purchase_id)
    )


def batches_of(purchase: Purchase, *, unfinished: bool) -> int:
    """How many files came for it, or are still being read."""
    rows = CodeBatch.objects.filter(purchase_line__purchase=purchase)
    return rows.filter(state__in=UNFINISHED).count() if unfinished else rows.count()


def units_received(purchase: Purchase) -> dict[int, int]:
    """Codes that came, by line; lines without any count 0."""
    lines = list(purchase.lines.values_list("pk", flat=True))
    came = received(lines)
    return {pk: came.get(pk, 0) for pk in lines}


def _expected(purchase: Purchase, now: datetime) -> date:
    skus = purchase.lines.values_list("sku_id", flat=True)
    sources = PurchaseSource.objects.filter(supplier_id=purchase.supplier_id, sku__in=skus)
    days = sources.aggregate(days=Max("lead_days"))["days"] or 1
    return timezone.localdate(now) + timedelta(days=days)
