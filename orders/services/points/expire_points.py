"""Points whose time is over, and word of those that will end soon."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F
from django.urls import reverse
from django.utils.timezone import localtime

from accounts.models import User
from accounts.queries import verified_contacts
from accounts.services.send_message import send_message
from core.each import each
from core.tx import step
from orders.models import PointsLot
from orders.services.points.points_book import EXPIRED, account, lock_points, move

REMIND_DAYS = 7


def expire_points(*, now: datetime, limit: int = 200) -> int:
    """End every lot past its time, each in its own step; returns how many this call ended."""
    due = PointsLot.objects.filter(left__gt=0, expires_at__lte=now).order_by("expires_at", "id")
    ids = list(due.values_list("pk", flat=True)[:limit])
    return each(lambda pk: expire_lot(pk=pk, now=now), ids, name="expire_points")


@step()
def expire_lot(*, pk: int, now: datetime) -> bool:
    """End one lot; what comes back to it later from a refund ends with the next sweep."""
    owner = PointsLot.objects.values_list("owner", flat=True).get(pk=pk)
    lock_points(owner)
    lot = PointsLot.objects.get(pk=pk)
    if not lot.left or lot.expires_at is None or lot.expires_at > now:
        return False
    PointsLot.objects.filter(pk=pk).update(
        left=0, expired=F("expired") + lot.left, turn=lot.turn + 1
    )
    return move(
        key=f"points.expired:{lot.public_id}:{lot.turn}", kind="points.expired",
        to=account(owner), out=EXPIRED, points=lot.left, subject=lot.public_id, now=now,
    )  # fmt: skip


def remind_of_points(*, now: datetime, limit: int = 200) -> int:
    """Tell people of lots that end within REMIND_DAYS, once for each lot; returns of how many."""
    soon = PointsLot.objects.filter(
        left__gt=0, reminded_at=None, expires_at__gt=now,
        expires_at__lte=now + timedelta(days=REMIND_DAYS),
    )  # fmt: skip
    ids = list(soon.order_by("expires_at", "id").values_list("pk", flat=True)[:limit])
    return each(lambda pk: remind_of_lot(pk=pk, now=now), ids, name="remind_of_points")


@step()
def remind_of_lot(*, pk: int, now: datetime) -> bool:
    """Remind of one lot; False when somebody else did, or nobody can be reached."""
    if not PointsLot.objects.filter(pk=pk, reminded_at=None).update(reminded_at=now):
        return False
    lot = PointsLot.objects.get(pk=pk)
    user = User.objects.filter(public_id=lot.owner, is_active=True).first()
    contacts = verified_contacts(user) if user else []
    if user is None or not contacts or lot.expires_at is None:
        return False
    send_message(
        kind="mail" if contacts[0].kind == "mail" else "sms", to=contacts[0].value,
        template="points_ending", language=user.language, now=now, expires_at=lot.expires_at,
        context={
            "points": lot.left, "day": localtime(lot.expires_at).strftime("%Y-%m-%d"),
            "url": f"{settings.SITE_URL}{reverse('orders:points')}",
        },
    )  # fmt: skip
    return True
