"""Part of road step 3: the coupons that a price rests on are the order's, or there is no order.

They are held when the order is placed, used when it is paid, given back when it comes to nothing,
and taken again when late money is honored: `limits.py` does the same for what is counted.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from core import transitions
from core.faults import guard_off
from core.tx import part
from orders.models import Coupon, CouponBatch, CouponUse, Order
from orders.queries.coupons import in_force
from orders.services.coupons.grant_coupon import holds_until
from orders.services.limits import PromotionUsedUp
from orders.states import CouponBatchState, CouponState


@part
def hold_coupons(*, coupons: Sequence[str], order: str, owner: str, now: datetime, by: str) -> None:
    """Hold these coupons (public ids) for an order that was just written, in the order of their ids.

    A printed code becomes its buyer's first; a guest's stays with whoever knows it. Raises
    PromotionUsedUp when one is another order's, another person's, or at its end; the surrounding
    transaction must be rolled back then. Source: M1, D03.
    """
    for public_id in sorted(coupons):
        row = Coupon.objects.filter(in_force(now), public_id=public_id).first()
        if row is None or row.owner not in ("", owner):
            raise PromotionUsedUp(_("This coupon can no longer be used."))
        if row.state == CouponState.ISSUED:
            until = holds_until(row.promotion, now=now)
            transitions.move(
                Coupon, row.pk, from_=[CouponState.ISSUED], to=CouponState.CLAIMED, now=now, by=by,
                why=order, owner=owner, claimed_at=now, valid_until=until,
                state_at=now,
            )  # fmt: skip
        if not _hold(row.pk, order, now, by) and not guard_off("orders.coupons"):
            raise PromotionUsedUp(_("This coupon is being used in another order."))
        CouponUse.objects.create(coupon=row, order_id=order, created_at=now)


@part
def use_coupons(*, order: str, now: datetime, by: str) -> int:
    """The order is paid: what it holds is used. Returns how many coupons that were."""
    held = Coupon.objects.filter(order_id=order, state=CouponState.HELD).values_list(
        "pk", flat=True
    )
    pks = list(held)
    if not pks:
        return 0
    return transitions.move_many(
        Coupon, pks, from_=[CouponState.HELD], to=CouponState.USED, now=now, by=by, why=order,
        state_at=now,
    )  # fmt: skip


@part
def give_back_coupons(*, order: Order, now: datetime, by: str, refunded: bool = False) -> int:
    """Let go what a locked order has: held when it closes, used when all of it is refunded.

    After a refund only coupons whose campaign says so come back. One of a batch that is void by
    now is void too. Returns how many came back.
    """
    was = CouponState.USED if refunded else CouponState.HELD
    rows = Coupon.objects.filter(order_id=order.public_id, state=was)
    if refunded:
        rows = rows.exclude(promotion__coupons__back_on_refund=False)
    known = list(rows.order_by("public_id").values_list("pk", "batch_id"))
    pks = [pk for pk, _batch in known]
    if not pks:
        return 0
    void = _void_batches(batch for _pk, batch in known if batch)
    moved = transitions.move_many(
        Coupon, pks, from_=[was], to=CouponState.CLAIMED, now=now, by=by, why=order.public_id,
        order=None, state_at=now,
    )  # fmt: skip
    gone = [pk for pk, batch in known if batch in void]
    if gone:
        moved -= transitions.move_many(
            Coupon, gone, from_=[CouponState.CLAIMED], to=CouponState.VOID, now=now, by=by,
            why="batch void", state_at=now,
        )  # fmt: skip
    return moved


def _void_batches(batches: Iterable[int]) -> set[int]:
    """Which of these batches are void; none becomes so before the surrounding step ends."""
    rows = CouponBatch.objects.filter(pk__in=set(batches)).select_for_update(no_key=True)
    found = rows.order_by("pk").values_list("pk", "state")
    return {pk for pk, state in found if state == CouponBatchState.VOID}


@part
def take_coupons_again(*, order: str, now: datetime) -> bool:
    """Late money: hold again what the closed order had let go; False when one is gone meanwhile.

    Its end does not count: it was promised while it held. The caller rolls back on False.
    """
    uses = CouponUse.objects.filter(order_id=order).order_by("coupon__public_id")
    pks = list(uses.values_list("coupon_id", flat=True))
    return all(_hold(pk, order, now, "system") or guard_off("orders.coupons") for pk in pks)


def _hold(pk: int, order: str, now: datetime, by: str) -> bool:
    return transitions.move(
        Coupon, pk, from_=[CouponState.CLAIMED], to=CouponState.HELD, now=now, by=by, why=order,
        order=order, state_at=now,
    )  # fmt: skip
