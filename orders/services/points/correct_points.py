"""Points given or taken by hand: two persons agree, and the person sees why."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from accounts.models import User
from core import approvals, audit
from core.models import Approval
from core.tx import part, step
from orders.models import PointsCorrection
from orders.models.points import LotKind
from orders.services.points.points_book import grant_points, take_points

CORRECT = "orders.correct_points"
MOST_POINTS = 1_000_000


class BadCorrection(ValueError):
    """Nothing, or more than anybody may give by hand."""


@step()
def request_correction(*, owner: str, points: int, reason: str, by: str, now: datetime) -> Approval:
    """Ask that a person gets (or loses, when negative) points. `by` is the maker's public id.

    Raises BadCorrection, User.DoesNotExist, core.approvals.NotAllowed.
    """
    if not points or abs(points) > MOST_POINTS:
        raise BadCorrection(points)
    user = User.objects.get(public_id=owner)
    payload: dict[str, Any] = {"owner": user.public_id, "points": points, "at": now.isoformat()}
    return approvals.request(
        action=CORRECT, subject=user.public_id, payload=payload, by=by, reason=reason, now=now
    )


@part
def carry_out_correction(approval: Approval, *, now: datetime) -> None:
    """Executor: a journal of its own, never a change of an old one."""
    owner, points = approval.payload["owner"], approval.payload["points"]
    key, told = f"points.corrected:{approval.public_id}", approval.reason[:200]
    if points > 0:
        days = settings.POINTS_CORRECTION_DAYS
        grant_points(
            owner=owner, points=points, kind=LotKind.CORRECTION, key=key,
            subject=approval.public_id, expires_at=now + timedelta(days=days), now=now, note=told,
        )  # fmt: skip
    else:
        take_points(
            owner=owner, points=-points, key=key, kind="points.correction",
            subject=approval.public_id, now=now, note=told,
        )  # fmt: skip
    PointsCorrection.objects.create(
        owner=owner, points=points, reason=told, approval=approval.public_id, created_at=now
    )
    audit.record(
        tag="points:corrected", by=f"user:{approval.checker}", subject=owner, now=now,
        after={"approval": approval.public_id, "points": points},
    )  # fmt: skip
