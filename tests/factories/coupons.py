"""Coupons, each with the promotion it is for."""

from datetime import datetime
from typing import Any

from core import clock
from core.crypto import blind_index, seal
from core.ids import new_id
from fulfillment.vouchers.codes import new_code
from orders.models import Coupon, CouponCampaign, Promotion
from orders.models.coupon import Origin, coupon_context
from orders.models.promotion import Stack, Trigger
from orders.queries.coupons import CODE_INDEX
from orders.states import CouponState
from tests.factories.promotions import make_promotion

FIVE_OFF = {"steps": [[0, 500]]}


def coupon_promotion(params: dict[str, Any] | None = None, **more: Any) -> Promotion:
    """A promotion that applies with a coupon: five off unless told otherwise."""
    told = {"trigger": Trigger.COUPON, "stack": Stack.COUPON, **more}
    return make_promotion(str(told.pop("kind", "amount_off")), params or FIVE_OFF, **told)


def make_campaign(promotion: Promotion, **more: Any) -> CouponCampaign:
    """How its coupons come to people: on a page, by whoever is signed in."""
    told: dict[str, Any] = {"slug": promotion.public_id.lower().replace("_", "-"), **more}
    return CouponCampaign.objects.create(promotion=promotion, **({"claiming": "open"} | told))


def make_coupon(promotion: Promotion, owner: str = "", *, until: datetime | None = None) -> Coupon:
    """A coupon that somebody has."""
    now = clock.now()
    return Coupon.objects.create(
        promotion=promotion, origin=Origin.GRANT, owner=owner, event=new_id("evt"),
        state=CouponState.CLAIMED, state_at=now, created_at=now, claimed_at=now, valid_until=until,
    )  # fmt: skip


def make_printed(promotion: Promotion, **more: Any) -> tuple[Coupon, str]:
    """A printed code that nobody has claimed, and the code."""
    now, code, public_id = clock.now(), new_code(), new_id("cpn")
    row = Coupon.objects.create(
        public_id=public_id, promotion=promotion, origin=Origin.PRINT, state=CouponState.ISSUED,
        state_at=now, created_at=now, code_index=blind_index(CODE_INDEX, code),
        code_sealed=seal(code, context=coupon_context(public_id)), **more,
    )  # fmt: skip
    return row, code
