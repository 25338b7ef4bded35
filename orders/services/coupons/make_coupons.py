"""Single-use codes by the million: asked for in one row, made by a worker chunk by chunk."""

import time
from datetime import datetime

from django.conf import settings
from django.db.models import F, Q

from core import audit, leases, transitions, wake
from core.crypto import blind_index, seal
from core.ids import new_id
from core.leases import Lease
from core.tx import step
from fulfillment.vouchers.codes import new_code
from orders.models import Coupon, CouponBatch, Promotion
from orders.models.coupon import Origin, coupon_context
from orders.models.promotion import Trigger
from orders.queries.coupons import CODE_INDEX
from orders.services.coupons.grant_coupon import NoSuchCoupon, holds_until
from orders.states import CouponBatchState, CouponState

MAKE_TASK = "orders.make_coupons"
MOST_CODES = 1_000_000
CHUNK = 2000
SLICE_SECONDS = 20.0


@step()
def order_coupons(*, promotion: str, number: int, note: str, by: str, now: datetime) -> CouponBatch:
    """Ask for `number` codes of a promotion (public id); a worker makes them.

    Raises NoSuchCoupon when it does not apply by coupon, ValueError for a number out of range.
    """
    row = Promotion.objects.filter(public_id=promotion, trigger=Trigger.COUPON).first()
    if row is None:
        raise NoSuchCoupon(promotion)
    if not 1 <= number <= MOST_CODES:
        raise ValueError(number)
    batch = CouponBatch.objects.create(
        promotion=row, total=number, state_at=now, note=note[:80], created_at=now, created_by=by,
        not_before=now,
    )  # fmt: skip
    transitions.begin(
        entity="couponbatch", subject=batch.public_id, state=batch.state, now=now, by=by
    )
    audit.record(
        tag="coupons:ordered", by=by, subject=batch.public_id, now=now,
        after={"promotion": promotion, "codes": number, "note": note},
    )  # fmt: skip
    wake.poke(MAKE_TASK)
    return batch


def make_coupons(*, now: datetime, seconds: float = SLICE_SECONDS) -> bool:
    """Work on one batch for about `seconds`; True while more is left of it.

    Each chunk is a step, fenced by the lease and by how far the batch was: two workers never make
    one twice, and a killed one loses at most its chunk.
    """
    due = Q(state=CouponBatchState.MAKING, not_before__isnull=False)
    held = leases.claim(CouponBatch, where=due, limit=1, seconds=settings.LEASE_SECONDS, now=now)
    if not held:
        return False
    lease, end = held[0], time.monotonic() + min(seconds, settings.LEASE_SECONDS / 2)
    while time.monotonic() < end:
        if not _chunk(lease, now):
            return False
    leases.release(CouponBatch, lease, not_before=now)
    return True


@step()
def _chunk(lease: Lease, now: datetime) -> bool:
    batch = CouponBatch.objects.select_related("promotion").get(pk=lease.pk)
    number = min(CHUNK, batch.total - batch.made)
    mine = CouponBatch.objects.filter(
        pk=batch.pk, lease_token=lease.token, made=batch.made, state=CouponBatchState.MAKING
    )
    if not mine.update(made=F("made") + number):
        return False
    until = holds_until(batch.promotion, now=now) if _dated(batch.promotion) else None
    Coupon.objects.bulk_create([_coupon(batch, until, now) for _ in range(number)])
    if batch.made + number < batch.total:
        return True
    transitions.move(
        CouponBatch, batch.pk, from_=[CouponBatchState.MAKING], to=CouponBatchState.READY, now=now,
        by="worker", state_at=now, lease_until=None, lease_token="", not_before=None,
    )  # fmt: skip
    return False


def _dated(promotion: Promotion) -> bool:
    """Whether a printed code ends on a day; days after claiming begin when it is claimed."""
    campaign = getattr(promotion, "coupons", None)
    return campaign is None or campaign.valid_days is None


def _coupon(batch: CouponBatch, until: datetime | None, now: datetime) -> Coupon:
    code, public_id = new_code(), new_id("cpn")
    return Coupon(
        public_id=public_id, promotion_id=batch.promotion_id, batch=batch, origin=Origin.PRINT,
        code_index=blind_index(CODE_INDEX, code), valid_until=until,
        code_sealed=seal(code, context=coupon_context(public_id)), state=CouponState.ISSUED,
        state_at=now, created_at=now,
    )  # fmt: skip
