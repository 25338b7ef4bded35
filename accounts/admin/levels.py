"""Member levels, member days, and where people stand."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from accounts.models import GrowthEntry, MemberDay, MemberLevel, Membership
from accounts.services.give_growth import MOST, GrowthRefused, give_growth
from accounts.services.save_level import save_level, save_member_day
from core import clock
from core.admin.base import ReadOnlyAdmin, actor
from core.admin.readable import Readable
from core.ids import new_token
from core.models.statechange import StateChange
from risk.admin.confirm import confirm


class LevelForm(forms.ModelForm):
    """A higher level takes more growth; anything else could not be told apart."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        rank = data.get("rank", self.instance.rank)
        growth = data.get("growth_needed")
        if rank is None or growth is None or not data.get("is_active"):
            return data
        others = MemberLevel.objects.filter(is_active=True).exclude(pk=self.instance.pk)
        if (
            others.filter(rank__lt=rank, growth_needed__gte=growth).exists()
            or others.filter(rank__gt=rank, growth_needed__lte=growth).exists()
        ):
            self.add_error("growth_needed", gettext("A higher level takes more growth."))
        return data


class DayForm(forms.ModelForm):
    """Either a weekday or a day of the month."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if (data.get("weekday") is None) == (data.get("month_day") is None):
            raise ValidationError(gettext("Choose a weekday or a day of the month."))
        return data


class EditedAdmin(Readable, ModelAdmin):
    """Rows that are edited through a service, which audits and tells those who follow."""

    warn_unsaved_form = True
    list_per_page = 50

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """People and prices name it; it is switched off instead."""
        return False


@admin.register(MemberLevel)
class LevelAdmin(EditedAdmin):
    """Levels: what they take, how long they hold, what they give. Prices are in the goods' rooms."""

    form = LevelForm
    list_display = ["rank", "name", "name_en", "growth_needed", "validity_days", "grace_days",
                    "early_hours", "holders", "is_active"]  # fmt: skip
    list_display_links = ["rank", "name"]
    search_fields = ["name", "name_en"]
    readonly_fields = ["changed_at"]
    fieldsets = [
        (_("What it is"), {"fields": [("name", "name_en"), ("rank", "hue"), "is_active"]}),
        (
            _("What it takes"),
            {"fields": ["growth_needed", ("validity_days", "grace_days")]},
        ),
        (_("What it gives"), {"fields": [("early_hours", "service_queue")]}),
        (_("Record"), {"fields": ["changed_at"], "classes": ["collapse"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        held = Membership.objects.filter(rank=OuterRef("rank")).values("rank")
        number = held.annotate(number=Count("pk")).values("number")
        rows: QuerySet[Any] = super().get_queryset(request).annotate(number=Subquery(number))
        return rows

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*self.readonly_fields, *(["rank"] if obj else [])]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        changed = {name: str(form.cleaned_data.get(name)) for name in form.changed_data}
        save_level(level=obj, changed=changed, now=clock.now(), by=actor(request))

    @display(description=_("people"))
    def holders(self, row: Any) -> int:
        return row.number or 0


@admin.register(MemberDay)
class MemberDayAdmin(EditedAdmin):
    """Days that come again: growth counts more, and level prices may be for them alone."""

    form = DayForm
    list_display = [
        "name",
        "name_en",
        "weekday",
        "month_day",
        "growth_bp",
        "from_rank",
        "is_active",
    ]
    fieldsets = [
        (_("What it is"), {"fields": [("name", "name_en"), "is_active"]}),
        (_("When"), {"fields": [("weekday", "month_day")]}),
        (_("What it gives"), {"fields": [("growth_bp", "from_rank")]}),
    ]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        changed = {name: str(form.cleaned_data.get(name)) for name in form.changed_data}
        save_member_day(day=obj, changed=changed, now=clock.now(), by=actor(request))


class GrowthForm(forms.Form):
    amount = forms.IntegerField(
        label=_("Growth"),
        min_value=-MOST,
        max_value=MOST,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_("Negative takes some away."),
    )
    reason = forms.CharField(label=_("Why"), max_length=200, widget=UnfoldAdminTextInputWidget)
    key = forms.CharField(widget=forms.HiddenInput, max_length=64)


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    """Where people stand, and how they came there."""

    list_display = ["user", "rank", "growth", "since", "ends_at"]
    list_filter = ["rank"]
    search_fields = ["=user__public_id"]
    search_help_text = _("Exact id of the person")
    ordering = ["-growth", "id"]
    list_select_related = ["user"]
    list_per_page = 50
    show_full_result_count = False
    fields = ["user", "rank", "growth", "needed", "since", "period_start", "ends_at", "history"]
    readonly_fields = fields
    actions_detail = ["give"]

    @display(description=_("History of levels"))
    def history(self, held: Membership) -> str:
        rows = StateChange.objects.filter(entity="membership", subject=held.user.public_id)
        return "\n".join(
            f"{row.at.astimezone():%Y-%m-%d %H:%M}  {row.was or '0'} → {row.became}  {row.why}"
            for row in rows.order_by("-id")[:50]
        )

    @action(description=_("Give or take growth…"), url_path="give")
    def give(self, request: HttpRequest, object_id: int) -> HttpResponse:
        held = get_object_or_404(Membership.objects.select_related("user"), pk=object_id)

        def run(data: dict[str, Any]) -> str:
            try:
                give_growth(
                    user=held.user.public_id, amount=data["amount"], key=data["key"],
                    by=request.user.public_id, reason=data["reason"], now=clock.now(),  # type: ignore[union-attr]
                )  # fmt: skip
            except GrowthRefused as refused:
                raise ValidationError(str(refused)) from refused
            return gettext("Done. The level follows at once.")

        return confirm(
            request,
            act="accounts.give_growth",
            title=str(held.user),
            text=gettext("It stands in the person's own history, with the reason in the audit."),
            button=gettext("Give"),
            back=reverse("admin:accounts_membership_change", args=[held.pk]),
            form=GrowthForm,
            initial={"key": new_token()},
            run=run,
        )


@admin.register(GrowthEntry)
class GrowthAdmin(ReadOnlyAdmin):
    """Every movement of growth; it is never edited."""

    list_display = ["at", "user", "kind", "amount", "reference", "by"]
    list_filter = ["kind"]
    search_fields = ["=user__public_id", "=reference", "=key"]
    search_help_text = _("Exact id of a person, an order or an event")
    ordering = ["-id"]
    list_select_related = ["user"]
    list_per_page = 50
    show_full_result_count = False
    fields = ["user", "kind", "amount", "reference", "base_minor", "rate_bp", "earned_at", "at",
              "by", "why", "key"]  # fmt: skip
    readonly_fields = fields
