from datetime import datetime

from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.roles import person_may
from core import audit
from core.tx import step


@step()
def reset_second_factor(*, user: str, by: str, now: datetime) -> int:
    """Remove somebody's authenticators so that they can enroll again. Public ids.

    Nobody resets their own this way. Returns how many went. Raises PermissionDenied.
    """
    if not person_may(by, "accounts.reset_second_factor"):
        raise PermissionDenied
    if user == by.removeprefix("user:"):
        raise PermissionDenied(_("Somebody else has to do this for you."))
    person = User.objects.get(public_id=user)
    gone: int = Authenticator.objects.filter(user=person).delete()[0]
    audit.record(
        tag="staff:second_factor_reset",
        by=f"user:{by.removeprefix('user:')}",
        subject=user,
        before={"authenticators": gone},
        now=now,
    )
    return gone
