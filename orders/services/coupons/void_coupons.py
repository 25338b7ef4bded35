"""Coupons that are worth nothing any more: one by one, or a whole batch; freezing in between."""

from collections.abc import Sequence
from datetime import datetime

from core import audit, transitions, wake
from core.tx import step
from orders.models import Coupon, CouponBatch
from orders.services.coupons.make_coupons import MAKE_TASK
from orders.states import CouponBatchState, CouponState

OPEN = (CouponState.ISSUED, CouponState.CLAIMED)
CHUNK = 2000


@step()
def void_coupons(*, coupons: Sequence[int], by: str, reason: str, now: datetime) -> int:
    """Void these coupons (database keys); those in an order or used stay. Returns how many."""
    moved = transitions.move_many(
        Coupon, sorted(coupons), from_=OPEN, to=CouponState.VOID, now=now, by=by, why=reason,
        state_at=now,
    )  # fmt: skip
    audit.record(
        tag="coupons:voided", by=by, subject=f"{moved} coupons", now=now,
        after={"coupons": moved, "reason": reason},
    )  # fmt: skip
    return moved


@step()
def change_batch(*, batch: str, to: CouponBatchState, by: str, reason: str, now: datetime) -> bool:
    """Freeze a batch (public id), set it free again, or void it; at once for every code of it.

    Codes in an order stay with it; given back, they are as the batch is. Voiding the rows is a
    worker's. False when the batch's state does not allow it.
    """
    row = CouponBatch.objects.select_for_update(of=("self",)).get(public_id=batch)
    from_ = {
        CouponBatchState.FROZEN: [CouponBatchState.READY],
        CouponBatchState.READY: [CouponBatchState.FROZEN],
        CouponBatchState.VOID: [
            CouponBatchState.MAKING, CouponBatchState.READY, CouponBatchState.FROZEN,
        ],
    }[to]  # fmt: skip
    due = {"not_before": now} if to == CouponBatchState.VOID else {}
    moved = transitions.move(
        CouponBatch, row.pk, from_=from_, to=to, now=now, by=by, why=reason, state_at=now, **due
    )
    if moved:
        audit.record(
            tag="coupons:batch_changed", by=by, subject=batch, now=now,
            after={"state": to.value, "reason": reason},
        )  # fmt: skip
        wake.poke(MAKE_TASK)
    return moved


def void_batches(*, now: datetime, chunks: int = 50) -> int:
    """Void what is left open of void batches, a chunk in each step. Returns how many coupons.

    A batch stays on the list while an order holds one of its codes.
    """
    done = 0
    void = CouponBatch.objects.filter(state=CouponBatchState.VOID, not_before__isnull=False)
    for batch in list(void.order_by("pk")[:20]):
        for _ in range(chunks):
            moved = _void_chunk(batch.pk, now)
            done += moved
            if not moved:
                break
    return done


@step()
def _void_chunk(batch: int, now: datetime) -> int:
    rows = Coupon.objects.filter(batch_id=batch)
    open_ = rows.filter(state__in=OPEN).order_by("pk").values_list("pk", flat=True)
    pks = list(open_[:CHUNK])
    if pks:
        return transitions.move_many(
            Coupon, pks, from_=OPEN, to=CouponState.VOID, now=now, by="worker", why="batch void",
            state_at=now,
        )  # fmt: skip
    # A used one that comes back by a refund becomes void there (`hold_coupons.py`).
    if not rows.filter(state=CouponState.HELD).exists():
        CouponBatch.objects.filter(pk=batch).update(not_before=None)
    return 0
