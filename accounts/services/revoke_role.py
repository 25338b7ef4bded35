from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import StaffRole, User
from accounts.models.staffrole import Role
from accounts.roles import person_may
from core import audit
from core.tx import step


@step()
def revoke_role(*, user: str, role: str, by: str, now: datetime) -> bool:
    """Take a staff role away; one person is enough to take. `user` and `by` are public ids.

    Without a role left the person is no staff any more. The last owner stays. Returns whether this
    call took it. Raises PermissionDenied, ValidationError.
    """
    if not person_may(by, "accounts.grant_role"):
        raise PermissionDenied
    # Owners are counted and changed under one lock, so two cannot take each other's at once.
    owners = StaffRole.objects.select_for_update().filter(role=Role.OWNER, revoked_at__isnull=True)
    if role == Role.OWNER and owners.exclude(user__public_id=user).count() == 0:
        raise ValidationError(_("A shop keeps at least one owner."))
    acting = f"user:{by.removeprefix('user:')}"
    taken = StaffRole.objects.filter(
        user__public_id=user, role=role, revoked_at__isnull=True
    ).update(revoked_at=now, revoked_by=acting)
    if not taken:
        return False
    still = StaffRole.objects.filter(user__public_id=user, revoked_at__isnull=True).exists()
    User.objects.filter(public_id=user).update(is_staff=still)
    audit.record(tag="staff:role_revoked", by=acting, subject=user, before={"role": role}, now=now)
    return True
