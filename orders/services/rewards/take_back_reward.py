"""Rewards that were got by fraud are taken back: two persons agree, the books say so."""

from datetime import datetime

from core import approvals, audit, transitions
from core.models import Approval
from core.tx import part, step
from orders.models import Coupon, Invite, Reward, TaskClaim
from orders.models.reward import RewardKind
from orders.services.points.points_book import take_points
from orders.services.rewards.give_reward import points_key
from orders.services.rewards.reward_budget import return_budget
from orders.states import CouponState, InviteState, RewardState

TAKE_BACK = "orders.take_back_reward"
ACT = "orders.take_back_reward"
TAKEN_BACK = "rewards:taken_back"


class NothingToTakeBack(ValueError):
    """Nothing was given for this, or it has been taken back."""


@step()
def request_taking_back(*, subject: str, reason: str, by: str, now: datetime) -> Approval:
    """Ask that everything given for an invitation, share or task (public id) is taken back.

    `by` is the maker's public id. Raises NothingToTakeBack, core.approvals.NotAllowed.
    """
    if not _given(subject):
        raise NothingToTakeBack(subject)
    return approvals.request(
        action=TAKE_BACK, subject=subject, payload={"subject": subject}, by=by, reason=reason,
        now=now,
    )  # fmt: skip


@part
def carry_out_taking_back(approval: Approval, *, now: datetime) -> None:
    """Executor: points go back (what is spent is owed), unused coupons become void.

    A coupon in an order stays: its reward stays given, and the audit says so.
    """
    subject, by = approval.payload["subject"], f"user:{approval.checker}"
    told: dict[str, list[str]] = {"taken": [], "stays": []}
    for row in _given(subject):
        taken = _take(row, by=by, why=approval.reason, now=now)
        told["taken" if taken else "stays"].append(row.public_id)
    _move_cause(subject, by=by, why=approval.reason, now=now)
    audit.record(
        tag=TAKEN_BACK, by=by, subject=subject, now=now,
        after={"approval": approval.public_id, **told},
    )  # fmt: skip


def _given(subject: str) -> list[Reward]:
    rows = Reward.objects.filter(subject=subject, state=RewardState.GIVEN)
    return list(rows.order_by("owner", "pk"))


def _take(row: Reward, *, by: str, why: str, now: datetime) -> bool:
    if row.kind == RewardKind.COUPON:
        coupon = Coupon.objects.filter(public_id=row.coupon).values_list("pk", flat=True).get()
        if not transitions.move(
            Coupon, coupon, from_=[CouponState.CLAIMED], to=CouponState.VOID, now=now, by=by,
            why=why, state_at=now,
        ):  # fmt: skip
            return False
    moved = transitions.move(
        Reward, row.pk, from_=[RewardState.GIVEN], to=RewardState.TAKEN_BACK, now=now, by=by,
        why=why, state_at=now,
    )  # fmt: skip
    if not moved:
        return False
    if not row.source.startswith("pkt_"):  # a packet's budget went with its shares
        return_budget(row.source, points=row.points, minor=row.worth_minor)
    if row.kind == RewardKind.POINTS:
        take_points(
            owner=row.owner, points=row.points, key=f"points.reward_back:{row.public_id}",
            kind="points.reward_back", subject=row.public_id, now=now, note=why[:200],
            lot_key=points_key(row.public_id),
        )  # fmt: skip
    return True


def _move_cause(subject: str, *, by: str, why: str, now: datetime) -> None:
    row = Invite.objects.select_related("programme").filter(public_id=subject).first()
    if row is not None and transitions.move(
        Invite, row.pk, from_=[InviteState.REWARDED], to=InviteState.TAKEN_BACK, now=now, by=by,
        why=why, state_at=now,
    ):  # fmt: skip
        return_budget(row.programme.public_id, times=1)
    claim = TaskClaim.objects.select_related("task").filter(public_id=subject).first()
    if claim is not None and transitions.move(
        TaskClaim, claim.pk, from_=[RewardState.GIVEN], to=RewardState.TAKEN_BACK, now=now, by=by,
        why=why, state_at=now,
    ):  # fmt: skip
        return_budget(claim.task.public_id, times=1)
