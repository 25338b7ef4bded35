from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.roles import person_may
from core import audit
from core.tx import step


@step()
def lock_person(*, user: str, lock: bool, by: str, reason: str, now: datetime) -> bool:
    """Lock or unlock an account. Sessions of a locked one end with their next request.

    `user` and `by` are public ids. Staff are locked by taking their roles first. Returns whether
    this call changed it. Raises PermissionDenied.
    """
    if not person_may(by, "accounts.lock_person"):
        raise PermissionDenied
    person = User.objects.select_for_update().get(public_id=user)
    if lock and person.is_staff:
        raise PermissionDenied(_("Take the staff roles away first."))
    if person.is_active is not lock:
        return False
    person.is_active = not lock
    person.save(update_fields=["is_active"])
    audit.record(
        tag="person:locked" if lock else "person:unlocked",
        by=f"user:{by.removeprefix('user:')}",
        subject=user,
        after={"reason": reason},
        now=now,
    )
    return True
