"""Tasks in the back office: an action, its reward, budget and repeat; who collected what."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget

from core.admin.base import Badge, ReadOnlyAdmin
from orders.admin.invites import REWARD_BADGES, BudgetedAdmin, ask_back, check_side
from orders.models import Task, TaskClaim
from orders.models.task import Repeat
from orders.queries.task_actions import ACTIONS


class TaskForm(forms.ModelForm):
    """The action is one of those somebody can prove."""

    action = forms.ChoiceField(label=_("action"), widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(key, one.title) for key, one in ACTIONS.all().items()]
        self.fields["action"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        check_side(cleaned, kind="kind", points="points", coupon="coupon")
        chosen = ACTIONS.find(str(cleaned.get("action")))
        if cleaned.get("repeat") == Repeat.DAILY:
            if chosen is not None and not chosen.daily:
                raise ValidationError({"repeat": gettext("This can be done once only.")})
            if cleaned.get("wait_days"):
                raise ValidationError(
                    {"wait_days": gettext("What is done every day is collected that day.")}
                )
        return cleaned


@admin.register(Task)
class TaskAdmin(BudgetedAdmin):
    """One screen for each task."""

    form = TaskForm
    list_display = ["name", "is_active", "what", "repeat", "kind", "points", "starts_at",
                    "ends_at", "used"]  # fmt: skip
    autocomplete_fields = ["coupon"]
    fieldsets: list[Any] = [
        (None, {"fields": [("name", "name_en"), ("action", "repeat", "wait_days")]}),
        (_("Reward"), {"fields": [("kind", "points"), ("coupon", "worth_minor")]}),
        BudgetedAdmin.budget_fields,
    ]

    @display(description=_("action"), ordering="action")
    def what(self, row: Task) -> str:
        found = ACTIONS.find(row.action)
        return str(found.title) if found is not None else row.action


@admin.register(TaskClaim)
class TaskClaimAdmin(ReadOnlyAdmin):
    """Who collected what, on which proof."""

    list_display = ["created_at", "owner", "task", "period", "proof", "state_badge"]
    list_filter = ["state", "task"]
    search_fields = ["=public_id", "=owner", "=proof"]
    list_select_related = ["task"]
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    fields = ["public_id", "task", "owner", "period", "proof", "state_badge",
              ("created_at", "state_at")]  # fmt: skip
    readonly_fields = ["public_id", "task", "owner", "period", "proof", "state_badge",
                       "created_at", "state_at"]  # fmt: skip
    actions_detail = ["take_back"]

    @display(description=_("State"), label=REWARD_BADGES)
    def state_badge(self, row: TaskClaim) -> Badge:
        return Badge(row.state, row.get_state_display())

    @action(description=_("Take rewards back…"), url_path="take-back")
    def take_back(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(TaskClaim, pk=object_id)
        return ask_back(
            request, row.public_id, reverse("admin:orders_taskclaim_change", args=[row.pk])
        )
