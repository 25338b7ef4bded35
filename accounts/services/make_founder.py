from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import IntegrityError

from accounts.models import StaffRole, User
from accounts.models.staffrole import FOUNDERS, Role
from accounts.services.grant_role import give
from core.tx import step


class EnoughFounders(RuntimeError):
    """The shop has its two founders; every further role takes two persons."""


def make_founder(*, email: str, password: str, now: datetime, name: str = "") -> User:
    """Make one of the two first owners, in its own step. Their address counts as verified.

    Two, because roles take two persons: one owner alone could give none. Raises EnoughFounders.
    """
    try:
        return _make(email=email.strip().lower(), password=password, name=name, now=now)
    except IntegrityError as error:
        raise EnoughFounders from error


@step()
def _make(*, email: str, password: str, name: str, now: datetime) -> User:
    made = set(StaffRole.objects.filter(approval__in=FOUNDERS).values_list("approval", flat=True))
    place = next((founder for founder in FOUNDERS if founder not in made), None)
    if place is None:
        raise EnoughFounders
    address = EmailAddress.objects.select_related("user").filter(email=email, verified=True).first()
    user = (
        address.user
        if address
        else User.objects.create_user(
            email=email, password=password, display_name=name, joined_at=now
        )
    )
    if address is None:
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    give(user=user.public_id, role=Role.OWNER, by="system", approval=place, now=now)
    return User.objects.get(pk=user.pk)
