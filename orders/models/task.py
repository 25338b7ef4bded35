"""Tasks: what people may do for a reward, and who has collected which."""

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core import transitions
from core.models.base import public_id_field
from orders.models.reward import Budgeted, RewardKind, dates_rightly
from orders.states import REWARD_STEPS, RewardState


class Repeat(models.TextChoices):
    ONCE = "once", _("Once")
    DAILY = "daily", _("Every day")


class Task(Budgeted):
    """An action with its proof (a key of ACTIONS), what it earns, how often and until when."""

    public_id = public_id_field("tsk")
    action = models.CharField(_("action"), max_length=16)
    repeat = models.CharField(_("how often"), max_length=5, choices=Repeat, default=Repeat.ONCE)
    wait_days = models.PositiveSmallIntegerField(
        _("days to wait"), default=0,
        help_text=_("After the action, such as the refund window of an order."),
    )  # fmt: skip
    kind = models.CharField(
        _("reward"), max_length=8, default=RewardKind.POINTS,
        choices=[(RewardKind.POINTS.value, _("Points")), (RewardKind.COUPON.value, _("A coupon"))],
    )  # fmt: skip
    points = models.PositiveIntegerField(_("points"), default=0)
    coupon = models.ForeignKey(
        "orders.Promotion", models.PROTECT, null=True, blank=True, db_index=False,
        related_name="+", verbose_name=_("coupon"),
    )  # fmt: skip
    worth_minor = models.PositiveIntegerField(_("worth of one coupon (minor units)"), default=0)

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        ordering = ["-id"]
        constraints = [
            dates_rightly("orders_task_dates"),
            models.CheckConstraint(
                condition=Q(kind="points", points__gte=1) | Q(kind="coupon", coupon__isnull=False),
                name="orders_task_reward",
            ),
        ]


class TaskClaim(models.Model):
    """A reward somebody collected: one for each task, person and period ("" or a day)."""

    public_id = public_id_field("tcl")
    task = models.ForeignKey(
        Task, models.PROTECT, db_index=False, related_name="claims", verbose_name=_("task")
    )
    owner = models.CharField(_("owner"), max_length=24)
    period = models.CharField(_("period"), max_length=8, blank=True, default="")
    # Public id of what proves it.
    proof = models.CharField(_("proof"), max_length=24)
    state = models.CharField(
        _("state"), max_length=10, choices=RewardState, default=RewardState.GIVEN
    )
    state_at = models.DateTimeField(_("in this state since"))
    created_at = models.DateTimeField(_("collected at"))

    class Meta:
        verbose_name = _("collected task")
        verbose_name_plural = _("collected tasks")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["task", "owner", "period"], name="orders_taskclaim_once"
            ),
            # One thing done earns a task once, whoever has it by now.
            models.UniqueConstraint(
                fields=["task", "proof", "period"], name="orders_taskclaim_proof"
            ),
        ]
        triggers = [
            transitions.guard(REWARD_STEPS),
            pgtrigger.ReadOnly(
                name="orders_taskclaim_fixed",
                fields=["public_id", "task", "owner", "period", "proof", "created_at"],
            ),
            pgtrigger.Protect(name="orders_taskclaim_kept", operation=pgtrigger.Delete),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.public_id
