"""Both sides of an invitation are rewarded when the friend's first order is past its refund window."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Sum
from django.utils.timezone import localtime

from core import limits, transitions
from core.each import each
from core.tx import part, step
from orders.models import Invite, InviteProgramme, Order, RefundLine
from orders.models.reward import RewardKind
from orders.queries.orders import lock_order, lock_orders
from orders.services.lotteries.earn_chance import FINISHED
from orders.services.rewards.give_reward import Terms, give_reward
from orders.services.rewards.judge_invite import judge_invite
from orders.services.rewards.reward_budget import BudgetGone, take_budget
from orders.states import InviteState, RefundState

REFUNDED, BUDGET, CAPPED = "refunded", "budget", "capped"


@part
def note_first_orders(*, orders: Sequence[str], now: datetime) -> int:
    """Finished orders of friends start their refund windows. Returns how many; each friend once.

    The first one that is delivered and large enough for the programme counts.
    """
    owners = Order.objects.filter(public_id__in=orders).exclude(owner="").values_list("owner")
    waiting = Invite.objects.filter(friend__in=owners, state=InviteState.BOUND)
    invites = {row.friend: row for row in waiting.select_related("programme")}
    if not invites:
        return 0
    noted = 0
    for order in lock_orders(orders):
        invite = invites.get(order.owner)
        if invite is None or order.state not in FINISHED:
            continue
        programme = invite.programme
        if order.total_minor >= programme.minimum_minor and order.created_at >= invite.created_at:
            due = (order.completed_at or now) + timedelta(days=programme.wait_days)
            noted += transitions.move(
                Invite, invite.pk, from_=[InviteState.BOUND], to=InviteState.WAITING, now=now,
                by="system", why=order.public_id, state_at=now, order=order.public_id,
                not_before=due,
            )  # fmt: skip
    return noted


def reward_invites(*, now: datetime, limit: int = 200) -> int:
    """Reward everything whose refund window is over, each in its own step; returns how many."""
    due = Invite.objects.filter(not_before__lte=now).order_by("not_before", "pk")
    ids = list(due.values_list("pk", flat=True)[:limit])
    return each(lambda pk: reward_invite(pk=pk, now=now), ids, name="reward_invites")


@step()
def reward_invite(*, pk: int, now: datetime) -> bool:
    """Decide one that is due: rewarded, void or refused. False when somebody else did."""
    order = lock_order(str(Invite.objects.values_list("order_id", flat=True).get(pk=pk)))
    rows = Invite.objects.select_for_update(of=("self",))
    invite = rows.select_related("programme").get(pk=pk)
    due = invite.state == InviteState.WAITING and invite.not_before and invite.not_before <= now
    if order is None or not due:
        return False
    if order.state not in FINISHED or _kept_minor(order) < invite.programme.minimum_minor:
        return _end(invite, InviteState.VOID, REFUNDED, now)
    found = judge_invite(invite, point="reward", now=now)
    if found.stops:
        return _end(invite, InviteState.REFUSED, found.reason, now, assessment=found.public_id)
    try:
        with transaction.atomic():
            sides, why = _sides(invite, now)
            take_budget(
                invite.programme, times=1,
                points=sum(terms.budget["points"] for _owner, terms in sides),
                minor=sum(terms.budget["minor"] for _owner, terms in sides),
            )  # fmt: skip
    except BudgetGone:
        return _end(invite, InviteState.VOID, BUDGET, now)
    moved = _end(invite, InviteState.REWARDED, why, now, assessment=found.public_id)
    for owner, terms in sorted(sides, key=lambda side: side[0]):
        give_reward(
            key=f"invite:{invite.public_id}:{owner}", owner=owner, terms=terms,
            source=invite.programme.public_id, subject=invite.public_id, by="system", now=now,
        )  # fmt: skip
    return moved


def _end(invite: Invite, to: InviteState, why: str, now: datetime, *, assessment: str = "") -> bool:
    return transitions.move(
        Invite, invite.pk, from_=[InviteState.WAITING], to=to, now=now, by="system", why=why,
        state_at=now, reason=why, assessment=assessment, not_before=None,
    )  # fmt: skip


def _sides(invite: Invite, now: datetime) -> tuple[list[tuple[str, Terms]], str]:
    """Who gets what, and why not both: an inviter's month may be full, the friend still gets theirs."""
    programme = invite.programme
    month = localtime(now).strftime("%Y%m")
    key = f"reward:{programme.public_id}:month:{month}:{invite.inviter}"
    friend, inviter = friend_terms(programme), inviter_terms(programme)
    if limits.take(key, units=1, limit=programme.per_month):
        return [(invite.friend, friend), (invite.inviter, inviter)], ""
    return [(invite.friend, friend)], CAPPED


def inviter_terms(programme: InviteProgramme) -> Terms:
    """What the inviter gets."""
    if programme.inviter_kind == RewardKind.POINTS:
        points = programme.inviter_points
        return Terms(RewardKind.POINTS, points=points, days=programme.points_days)
    coupon, worth = programme.inviter_coupon, programme.inviter_worth_minor
    return Terms(programme.inviter_kind, promotion=coupon, worth_minor=worth)


def friend_terms(programme: InviteProgramme) -> Terms:
    """What the friend gets."""
    if programme.friend_kind == RewardKind.POINTS:
        points = programme.friend_points
        return Terms(RewardKind.POINTS, points=points, days=programme.points_days)
    coupon, worth = programme.friend_coupon, programme.friend_worth_minor
    return Terms(programme.friend_kind, promotion=coupon, worth_minor=worth)


def _kept_minor(order: Order) -> int:
    """What was paid for it and has not gone back, minor units; refunds on their way count as gone."""
    gone = RefundLine.objects.filter(line__order=order).exclude(refund__state=RefundState.REJECTED)
    return order.total_minor - int(gone.aggregate(sum=Sum("amount_minor"))["sum"] or 0)
