"""Growth given or taken by staff, with a reason."""

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from accounts.models import GrowthEntry, Membership, User
from accounts.roles import person_may
from accounts.services.count_growth import lock_membership
from accounts.services.move_level import move_up_or_back
from core import audit
from core.tx import step

MOST = 1_000_000


class GrowthRefused(ValueError):
    """The growth cannot be given; the message is translated."""


@step()
def give_growth(
    *, user: str, amount: int, key: str, by: str, reason: str, now: datetime
) -> Membership:
    """Give growth to a person, or take some (negative); `user` and `by` are public ids.

    `key` makes a form sent twice count once. Raises PermissionDenied, and GrowthRefused for nothing,
    too much, or more than there is.
    """
    if not person_may(by, "accounts.give_growth"):
        raise PermissionDenied
    if not 0 < abs(amount) <= MOST:
        raise GrowthRefused(_("Give between 1 and %(most)s.") % {"most": MOST})
    person = User.objects.get(public_id=user)
    held = lock_membership(user_id=person.pk, now=now)
    if held.growth + amount < 0:
        raise GrowthRefused(_("This person has only %(growth)s.") % {"growth": held.growth})
    if GrowthEntry.objects.filter(key=f"given:{key}").exists():
        return held
    acting = f"user:{by.removeprefix('user:')}"
    GrowthEntry.objects.create(
        user=person, key=f"given:{key}", kind=GrowthEntry.Kind.GIVEN, amount=amount, earned_at=now,
        at=now, by=acting, why=reason[:200],
    )  # fmt: skip
    held.growth += amount
    Membership.objects.filter(pk=held.pk).update(growth=held.growth)
    move_up_or_back(held, now=now, by=acting, why=reason)
    audit.record(
        tag="level:growth_given", by=acting, subject=user, now=now,
        after={"amount": amount, "reason": reason},
    )  # fmt: skip
    return held
