from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import StaffRole, User
from accounts.models.staffrole import Role
from core import approvals, audit
from core.models import Approval
from core.tx import part, step

ACTION = "accounts.grant_role"


@step()
def ask_for_role(*, user: str, role: str, by: str, reason: str, now: datetime) -> Approval:
    """Ask that a person be given a staff role; a second person decides. Ids are public (`usr_…`).

    Nobody asks for themselves. Raises ValidationError for an unknown person, role, or one held
    already; NotAllowed.
    """
    if user == by.removeprefix("user:"):
        raise approvals.SelfApproval(ACTION)
    person = User.objects.filter(public_id=user, is_active=True).first()
    if person is None or role not in Role.values:
        raise ValidationError(_("There is no such person or role."))
    if person.staff_roles.filter(role=role, revoked_at__isnull=True).exists():
        raise ValidationError(_("This person has the role already."))
    return approvals.request(
        action=ACTION,
        subject=f"{user}:{role}",
        payload={"user": user, "role": role},
        by=by,
        reason=reason,
        now=now,
    )


@approvals.executor(ACTION, act="accounts.grant_role", title=_("Give a staff role"))
@part
def _grant(approval: Approval, *, now: datetime) -> None:
    user, role = approval.payload["user"], approval.payload["role"]
    if user in (approval.checker, approval.maker):
        # Maker, checker and the one who gains are three persons (R-PRM).
        raise approvals.SelfApproval(ACTION)
    give(user=user, role=role, by=f"user:{approval.checker}", approval=approval.public_id, now=now)


@part
def give(*, user: str, role: str, by: str, approval: str, now: datetime) -> None:
    """Write the role, make the person staff, leave the audit row. Only for approved grants."""
    person = User.objects.select_for_update().get(public_id=user)
    StaffRole.objects.create(
        user=person, role=role, granted_by=by, approval=approval, granted_at=now
    )
    if not person.is_staff:
        person.is_staff = True
        person.save(update_fields=["is_staff"])
    audit.record(
        tag="staff:role_granted",
        by=by,
        subject=user,
        after={"role": role, "approval": approval},
        now=now,
    )
