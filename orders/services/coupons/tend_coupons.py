"""What time does to coupons: they end, and before that their owners are told once."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.timezone import localtime

from accounts.models import User
from core import transitions
from core.each import each
from core.tx import step
from fulfillment.addresses import site
from fulfillment.queries.reminders import reminder_choice
from fulfillment.services.wallet.tell_owners import tell
from orders.models import Coupon
from orders.states import CouponState

CHUNK = 1000
REMIND = timedelta(days=3)
PEOPLE = 50


@step()
def expire_coupons(*, now: datetime) -> int:
    """End what nobody used in time; held ones wait for their order. Returns how many."""
    open_ = (CouponState.ISSUED, CouponState.CLAIMED)
    ended = Coupon.objects.filter(state__in=open_, valid_until__lte=now)
    pks = list(ended.order_by("valid_until", "pk").values_list("pk", flat=True)[:CHUNK])
    if not pks:
        return 0
    return transitions.move_many(
        Coupon, pks, from_=open_, to=CouponState.EXPIRED, now=now, by="system", state_at=now
    )


def remind_coupons(*, now: datetime) -> int:
    """Mail those whose coupons end within three days, once for each coupon. Returns how many people.

    Only with a verified address and unless they chose no reminders by mail. Coupons that never held
    longer than that are left out: whoever takes one knows.
    """
    owners = _ending(now).order_by("owner").values_list("owner", flat=True).distinct()
    return each(lambda owner: _remind(owner, now), list(owners[:PEOPLE]), name="remind_coupons")


def _ending(now: datetime) -> QuerySet[Coupon]:
    return Coupon.objects.filter(
        state=CouponState.CLAIMED, reminded_at=None, valid_until__gt=now,
        valid_until__lte=now + REMIND,
    ).exclude(owner="")  # fmt: skip


@step()
def _remind(owner: str, now: datetime) -> bool:
    rows = list(
        _ending(now)
        .filter(owner=owner)
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("promotion")
        .order_by("valid_until", "pk")[:100]
    )
    if not rows:
        return False
    Coupon.objects.filter(pk__in=[row.pk for row in rows]).update(reminded_at=now)
    long = [row for row in rows if _held_long(row)]
    person = User.objects.filter(public_id=owner, is_active=True).first()
    if person is None or not long or not reminder_choice(owner)["by_mail"]:
        return False
    return bool(tell(person, "coupon_ending", _words(long, person), now=now, mail=True, sms=False))


def _held_long(row: Coupon) -> bool:
    if row.claimed_at is None or row.valid_until is None:
        return False
    return row.valid_until - row.claimed_at > REMIND


def _words(rows: Sequence[Coupon], person: User) -> dict[str, str | int]:
    promotion, first = rows[0].promotion, rows[0].valid_until
    assert first is not None, "the query asks for those that end"
    english = person.language.startswith("en") and promotion.name_en
    return {
        "title": promotion.name_en if english else promotion.name,
        "more": len(rows) - 1,
        "day": localtime(first).date().isoformat(),
        "url": site(reverse("orders:coupons")),
    }
