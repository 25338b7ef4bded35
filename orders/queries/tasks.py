"""Tasks in force, and how far a person is with each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.timezone import localtime

from accounts.models import User
from orders.models import Task, TaskClaim
from orders.models.task import Repeat
from orders.queries.task_actions import ACTIONS, Proof


@dataclass(frozen=True, slots=True)
class Standing:
    """How far somebody is: collected, ready, done but to wait until `due_at`, or still to do."""

    task: Task
    claim: TaskClaim | None
    proof: Proof | None
    due_at: datetime | None
    ready: bool


def live_tasks(now: datetime) -> list[Task]:
    """Tasks in force, oldest first."""
    started = Q(starts_at=None) | Q(starts_at__lte=now)
    going = Q(ends_at=None) | Q(ends_at__gt=now)
    rows = Task.objects.filter(started, going, is_active=True, action__in=ACTIONS.all())
    return list(rows.select_related("coupon").order_by("id"))


def period_of(task: Task, now: datetime) -> str:
    """The period of a moment: the day where the shop is, or "" for what is done once."""
    return localtime(now).strftime("%Y%m%d") if task.repeat == Repeat.DAILY else ""


def proof_of(task: Task, user: User, now: datetime) -> Proof | None:
    """What proves it for this person in the period of this moment."""
    since = None
    if task.repeat == Repeat.DAILY:
        since = localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return ACTIONS.get(task.action).prove(user, since)


def standings(tasks: Sequence[Task], user: User, now: datetime) -> list[Standing]:
    """How far this person is with each of these."""
    periods = {task.pk: period_of(task, now) for task in tasks}
    rows = TaskClaim.objects.filter(task__in=tasks, owner=user.public_id)
    claims = {row.task_id: row for row in rows if row.period == periods[row.task_id]}
    return [_standing(task, claims.get(task.pk), user, now) for task in tasks]


def _standing(task: Task, claim: TaskClaim | None, user: User, now: datetime) -> Standing:
    proof = None if claim else proof_of(task, user, now)
    due = proof.at + timedelta(days=task.wait_days) if proof else None
    return Standing(task, claim, proof, due, ready=due is not None and due <= now)
