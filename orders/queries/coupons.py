"""Coupons as the road and the pages ask for them: by owner, by code; always by an index."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q, QuerySet

from core.crypto import blind_index
from fulfillment.vouchers.codes import read_code
from orders.models import Coupon
from orders.states import CouponBatchState, CouponState

CODE_INDEX = "orders.coupon"
# So many of a person's coupons are tried on a cart; those that end first.
MOST_OWN = 20


@dataclass(frozen=True, slots=True)
class Usable:
    """A coupon that may be used now: its public id, its promotion's, and until when it holds."""

    id: str
    promotion: str
    valid_until: datetime | None
    by_code: bool = False


def own_coupons(user: str, now: datetime) -> list[Usable]:
    """Coupons that a person has claimed and may use now, the first to end first; none for a guest."""
    if not user:
        return []
    rows = _usable(now).filter(owner=user, state=CouponState.CLAIMED)
    return _read(rows.order_by(F("valid_until").asc(nulls_last=True), "id")[:MOST_OWN])


def coupons_of_codes(codes: Sequence[str], user: str, now: datetime) -> list[Usable]:
    """Coupons of printed codes as they were typed: nobody's, or this person's."""
    indexes = [index for code in codes if (index := code_index(code)) is not None]
    if not indexes:
        return []
    free = _usable(now).filter(
        Q(owner="") | Q(owner=user),
        code_index__in=indexes,
        state__in=[CouponState.ISSUED, CouponState.CLAIMED],
    )
    return _read(free.order_by("id"), by_code=True)


def code_index(text: str) -> bytes | None:
    """What a typed code is found by; None when it is none of ours (its check character is wrong)."""
    plain = read_code(text)
    return blind_index(CODE_INDEX, plain) if plain else None


def in_force(now: datetime) -> Q:
    """Still holding at that moment, and not of a batch that is frozen, void or being made."""
    ready = Q(batch=None) | Q(batch__state=CouponBatchState.READY)
    return ready & (Q(valid_until=None) | Q(valid_until__gt=now))


def _usable(now: datetime) -> QuerySet[Coupon]:
    return Coupon.objects.filter(in_force(now))


def _read(rows: QuerySet[Coupon], *, by_code: bool = False) -> list[Usable]:
    found = rows.values_list("public_id", "promotion__public_id", "valid_until")
    return [Usable(*row, by_code=by_code) for row in found]
