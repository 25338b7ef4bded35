"""Invitations in the back office: the programme, who brought whom, and what was given for it."""

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

from catalog.admin.base import MinorFields
from core import clock
from core.admin.base import Badge, ReadOnlyAdmin, actor
from core.money import format_minor
from fulfillment.admin.setup import SetupAdmin
from orders.admin.orders import ReasonForm
from orders.models import Invite, InviteProgramme, Reward
from orders.models.promotion import Trigger
from orders.models.reward import RewardKind
from orders.queries.invites import budgets_used
from orders.services.rewards import take_back_reward
from orders.services.rewards.take_back_reward import NothingToTakeBack, request_taking_back
from orders.wiring.invite import ACT, SET_UP
from risk.admin.confirm import confirm

BADGES = {
    "bound": "info", "waiting": "warning", "rewarded": "success", "void": "", "refused": "danger",
    "taken_back": "danger",
}  # fmt: skip
REWARD_BADGES = {"given": "success", "taken_back": "danger"}


def check_side(cleaned: dict[str, Any], *, kind: str, points: str, coupon: str) -> None:
    """What is promised can be given. Raises ValidationError for the field that cannot."""
    if cleaned.get(kind) == RewardKind.POINTS and not cleaned.get(points):
        raise ValidationError({points: gettext("Say how many points.")})
    promotion = cleaned.get(coupon)
    if cleaned.get(kind) == RewardKind.COUPON and promotion is None:
        raise ValidationError({coupon: gettext("Choose the promotion of the coupon.")})
    if promotion is not None and promotion.trigger != Trigger.COUPON:
        raise ValidationError(
            {coupon: gettext("Only a promotion that applies with a coupon of one's own.")}
        )


class BudgetedAdmin(MinorFields, SetupAdmin):
    """A programme with dates and budgets, and how much of them is used."""

    act, tag = ACT, SET_UP
    list_filter = ["is_active"]
    search_fields = ["=public_id", "name", "name_en"]
    readonly_fields = ["public_id", "used"]
    budget_fields: tuple[str | Any, dict[str, Any]] = (
        _("Budget and dates"),
        {
            "fields": [
                ("most_times", "most_points", "most_minor"), ("starts_at", "ends_at"),
                ("points_days", "is_active"), ("used", "public_id"),
            ]
        },
    )  # fmt: skip

    def save_model(
        self,
        request: HttpRequest,
        obj: Any,
        form: Any,
        change: bool,  # noqa: FBT001  Django's
    ) -> None:
        if not change:
            obj.created_at, obj.created_by = clock.now(), actor(request)
        super().save_model(request, obj, form, change)

    @display(description=_("Given so far"))
    def used(self, row: Any) -> str:
        found = budgets_used(row.public_id)
        told = {"n": found["times"], "points": found["points"],
                "worth": format_minor(found["minor"], "CNY")}  # fmt: skip
        return gettext("%(n)s times; %(points)s points; coupons worth %(worth)s") % told


class InviteProgrammeForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for side in ("inviter", "friend"):
            check_side(
                cleaned, kind=f"{side}_kind", points=f"{side}_points", coupon=f"{side}_coupon"
            )
        return cleaned


@admin.register(InviteProgramme)
class InviteProgrammeAdmin(BudgetedAdmin):
    """What both sides get. The newest programme in force is the one that counts."""

    form = InviteProgrammeForm
    list_display = ["name", "is_active", "inviter_kind", "friend_kind", "starts_at", "ends_at",
                    "wait_days", "used"]  # fmt: skip
    autocomplete_fields = ["inviter_coupon", "friend_coupon"]
    fieldsets: list[Any] = [
        (None, {"fields": [("name", "name_en")]}),
        (
            _("Who invites"),
            {
                "fields": [
                    ("inviter_kind", "inviter_points"),
                    ("inviter_coupon", "inviter_worth_minor"), "per_month",
                ]
            },
        ),
        (
            _("Who comes"),
            {
                "fields": [
                    ("friend_kind", "friend_points"), ("friend_coupon", "friend_worth_minor"),
                    ("minimum_minor", "wait_days"),
                ]
            },
        ),
        BudgetedAdmin.budget_fields,
    ]  # fmt: skip


@admin.register(Invite)
class InviteAdmin(ReadOnlyAdmin):
    """Who came by whose link, and why there was a reward or none."""

    list_display = ["created_at", "inviter", "friend", "state_badge", "reason", "order",
                    "not_before"]  # fmt: skip
    list_filter = ["state", "programme", "reason"]
    search_fields = ["=public_id", "=inviter", "=friend", "=order__public_id"]
    search_help_text = _("Public id of a person or an order")
    list_select_related = ["order"]
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    fields = ["public_id", "programme", ("inviter", "friend"), "order", "state_badge",
              "reason", "assessment", ("created_at", "state_at", "not_before")]  # fmt: skip
    readonly_fields = ["public_id", "programme", "inviter", "friend", "order",
                       "state_badge", "reason", "assessment", "created_at", "state_at",
                       "not_before"]  # fmt: skip
    actions_detail = ["take_back"]

    @display(description=_("State"), label=BADGES)
    def state_badge(self, row: Invite) -> Badge:
        return Badge(row.state, row.get_state_display())

    @action(description=_("Take rewards back…"), url_path="take-back")
    def take_back(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Invite, pk=object_id)
        back = reverse("admin:orders_invite_change", args=[row.pk])
        return ask_back(request, row.public_id, back)


@admin.register(Reward)
class RewardAdmin(ReadOnlyAdmin):
    """Everything that was given for what people did."""

    list_display = ["created_at", "owner", "what", "source", "subject", "state_badge"]
    list_filter = ["state", "kind"]
    search_fields = ["=public_id", "=owner", "=source", "=subject", "=coupon"]
    list_select_related = ["promotion"]
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    fields = ["public_id", "owner", "what", "worth_minor", "source", "subject", "state_badge",
              ("created_at", "state_at")]  # fmt: skip
    readonly_fields = ["public_id", "owner", "what", "worth_minor", "source", "subject",
                       "state_badge", "created_at", "state_at"]  # fmt: skip
    actions_detail = ["take_back"]

    @display(description=_("What"))
    def what(self, row: Reward) -> str:
        return f"+{row.points}" if row.points else f"{row.promotion} {row.coupon}"

    @display(description=_("State"), label=REWARD_BADGES)
    def state_badge(self, row: Reward) -> Badge:
        return Badge(row.state, row.get_state_display())

    @action(description=_("Take rewards back…"), url_path="take-back")
    def take_back(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Reward, pk=object_id)
        back = reverse("admin:orders_reward_change", args=[row.pk])
        return ask_back(request, row.subject, back)


def ask_back(request: HttpRequest, subject: str, back: str) -> HttpResponse:
    """The page that asks for a second person."""

    def run(data: dict[str, Any]) -> str:
        try:
            approval = request_taking_back(
                subject=subject, reason=data["reason"], now=clock.now(),
                by=request.user.public_id,  # type: ignore[union-attr]
            )  # fmt: skip
        except NothingToTakeBack:
            raise ValidationError(gettext("Nothing that was given for this is left.")) from None
        return gettext("Asked for: %(id)s. A second person has to agree.") % {
            "id": approval.public_id
        }

    return confirm(
        request, title=gettext("Take rewards back"), button=gettext("Ask for it"), back=back,
        text=gettext(
            "Everything that was given for this goes back, from both sides: points are taken (what "
            "is spent is owed), an unused coupon becomes void. A second person has to agree."
        ),
        run=run, form=ReasonForm, act=take_back_reward.ACT,
    )  # fmt: skip
