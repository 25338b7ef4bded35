"""Somebody did what a task asks and collects its reward: once for each period."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from accounts.models import User
from core import transitions
from core.tx import step
from orders.models import Task, TaskClaim
from orders.queries.tasks import period_of, proof_of
from orders.services.rewards.give_reward import Terms, give_reward
from orders.services.rewards.reward_budget import BudgetGone, runs, take_budget
from risk.models import Assessment
from risk.services.assess import assess
from risk.services.record_refusal import record_refusal


class NotDone(Exception):
    """There is no proof yet, or its days of waiting are not over."""


class TaskOver(Exception):
    """It has ended, or has given all it had."""


class TaskRefused(Exception):
    """Risk stops this person; `assessment.message` says it in words."""

    def __init__(self, assessment: Assessment) -> None:
        super().__init__(assessment.reason)
        self.assessment = assessment


def collect_task(*, task: str, user: User, now: datetime, ip: str = "") -> TaskClaim:
    """Give the reward of a task (public id) to who has done it, exactly once for its period.

    Asked again it answers with the same claim. Raises Task.DoesNotExist, NotDone, TaskOver,
    TaskRefused. Source: M11.
    """
    try:
        return _collect(task, user, ip, now)
    except TaskRefused as refused:
        record_refusal(assessment=refused.assessment, now=now)
        raise


@step()
def _collect(public_id: str, user: User, ip: str, now: datetime) -> TaskClaim:
    task = Task.objects.select_related("coupon").get(public_id=public_id)
    period = period_of(task, now)
    mine = TaskClaim.objects.filter(task=task, owner=user.public_id, period=period)
    if (held := mine.first()) is not None:
        return held
    if not runs(task, now):
        raise TaskOver
    proof = proof_of(task, user, now)
    if proof is None or _waits(task, proof.at, now):
        raise NotDone
    facts = {"user": user.public_id} | ({"ip": ip} if ip else {})
    found = assess(point="reward", subject=task.public_id, facts=facts, now=now)
    if found.stops:
        raise TaskRefused(found)
    row = TaskClaim(
        task=task, owner=user.public_id, period=period, proof=proof.id, state_at=now, created_at=now
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        # The same person twice at one moment; or what proves it has earned this for somebody.
        if (held := mine.first()) is None:
            raise NotDone from None
        return held
    _give(task, row, now)
    return row


def _waits(task: Task, done_at: datetime, now: datetime) -> bool:
    """Whether its days are not over; without any, what was done this moment counts by any clock."""
    return task.wait_days > 0 and done_at + timedelta(days=task.wait_days) > now


def _give(task: Task, row: TaskClaim, now: datetime) -> None:
    terms = task_terms(task)
    try:
        take_budget(task, times=1, **terms.budget)
    except BudgetGone:
        raise TaskOver from None
    transitions.begin(
        entity="taskclaim", subject=row.public_id, state=row.state, now=now, by=row.owner,
        why=row.proof,
    )  # fmt: skip
    give_reward(
        key=f"task:{row.public_id}", owner=row.owner, terms=terms, source=task.public_id,
        subject=row.public_id, by="system", now=now,
    )  # fmt: skip


def task_terms(task: Task) -> Terms:
    """What a task gives."""
    return Terms(
        task.kind, points=task.points, promotion=task.coupon, worth_minor=task.worth_minor,
        days=task.points_days,
    )  # fmt: skip
