"""Part of road step 2: which coupons of one's own are tried on a cart."""

from collections.abc import Sequence
from datetime import datetime

from orders.queries.coupons import Usable, coupons_of_codes, own_coupons

# What a buyer says about their coupons: the best one, none, or a coupon's public id.
BEST = ""
NONE = "none"


def find_coupons(
    *, user: str, codes: Sequence[str], choice: str, now: datetime
) -> dict[str, Usable]:
    """By promotion, the one coupon that is tried: a typed code before an own one, then what ends first.

    `user` is a public id, empty for a guest. A choice leaves only the coupon that was chosen, or
    none, and the typed codes. Index look-ups only, however many coupons the shop has.
    """
    own = [] if choice == NONE else own_coupons(user, now)
    if choice != BEST:
        own = [coupon for coupon in own if coupon.id == choice]
    found: dict[str, Usable] = {}
    for coupon in (*coupons_of_codes(codes, user, now), *own):
        found.setdefault(coupon.promotion, coupon)
    return found
