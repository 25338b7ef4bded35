"""Points as a prize, or as what an exchange code stands for: granted to an account once."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from core.tx import step
from orders.models.points import LotKind
from orders.prizes import Gift, NotYet
from orders.services.points.points_book import grant_points

MOST_POINTS = 1_000_000


@step()
def give_points(*, gift: Gift, now: datetime) -> str:
    """Grant the gift's `amount` of points to its owner; the owner's public id.

    The gift's key makes it one lot for ever; it ends after POINTS_GIFT_DAYS. Raises NotYet for who
    has no account. Source: M5, M6, M9.
    """
    if not gift.owner:
        raise NotYet(_("Points belong to an account."))
    grant_points(
        owner=gift.owner, points=gift.amount, kind=LotKind.GIFT, key=f"points.gift:{gift.key}",
        subject=gift.key, expires_at=now + timedelta(days=settings.POINTS_GIFT_DAYS), now=now,
        note=gift.title,
    )  # fmt: skip
    return gift.owner


def points_problem(prize: Any) -> str:
    """Why so many points cannot be offered, in words; `prize` has an `amount`."""
    return "" if prize.amount <= MOST_POINTS else _("At most a million points at a time.")
