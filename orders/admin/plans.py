"""Subscription plans: made on one screen, opened by one person or, when they give money, by two."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from catalog.admin.base import MinorField, MinorFields
from catalog.offers import ChannelView
from catalog.queries import default_channel
from core import clock
from core.admin.base import Badge, actor
from core.money import format_minor
from fulfillment.admin.timeline import changes, table
from orders.margins import margin_in
from orders.models import Plan, PlanPhase, Subscription
from orders.queries.plan_costs import PhaseCost, PlanCheck, check_plan
from orders.queries.promotions import used
from orders.services.subscriptions.open_plan import CannotOpen, close_plan, open_plan, rework_plan
from orders.services.subscriptions.period_cart import subsidy_key
from orders.states import PlanState, SubscriptionState
from orders.views.phase_words import length_words
from orders.wiring.subscription import MANAGE
from risk.admin.confirm import confirm

PLAN_LABELS = {"draft": "", "open": "success", "closed": "warning"}
PROBLEMS = {
    "count": _("A plan has one to six phases."),
    "endless_before_last": _("Only the last phase may be without end."),
    "periods": _("A phase has 1 to 600 periods."),
    "length": _("A period has a length."),
    "too_short": _("A period has at least seven days: the law's notice takes five."),
    "price": _("A price or a number of gifts is missing."),
    "not_on_sale": _("The good is not on sale, or is a bundle."),
    "gift": _("A gift is another good that is on sale and asks its buyer for nothing."),
    "budget": _("The subsidy budget does not even pay for one subscriber's first period."),
    "open": _("It is on sale already."),
}


class PlanForm(forms.ModelForm):
    budget_minor = MinorField(
        label=_("Subsidy budget (yuan)"), required=False, empty=0,
        help_text=_("For prices under the floor and for gifts. Two persons agree to it."),
    )  # fmt: skip
    slug = forms.SlugField(
        label=_("address"), required=False, widget=UnfoldAdminTextInputWidget(),
        help_text=_("Empty: made from the name in English"),
    )  # fmt: skip

    class Meta:
        model = Plan
        fields = ["name", "name_en", "sku", "budget_minor", "family", "slug"]

    def clean_slug(self) -> str:
        """An address of its own, also when nobody thought of one."""
        given = str(self.cleaned_data.get("slug") or "")
        made = given or slugify(str(self.cleaned_data.get("name_en") or ""))[:60]
        if made and (given or not Plan.objects.filter(slug=made).exclude(pk=self.instance.pk)):
            return made
        return str(self.instance.public_id).replace("_", "-").lower()


class PhaseForm(forms.ModelForm):
    price_minor = MinorField(label=_("Price (yuan)"))

    class Meta:
        model = PlanPhase
        fields = [
            "periods", "length", "unit", "price_minor", "gift", "gift_units", "gift_each",
            "newcomers",
        ]  # fmt: skip


class PhaseInline(MinorFields, TabularInline):
    """One phase after another."""

    model = PlanPhase
    form = PhaseForm
    hide_title = True
    fields = PhaseForm.Meta.fields
    autocomplete_fields = ["gift"]

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 0 if obj else 2

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request, obj) and _is_draft(obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _is_draft(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request, obj)


@admin.register(Plan)
class PlanAdmin(MinorFields, ModelAdmin):
    """What is sold period by period, what it costs the shop, and whether it is on sale."""

    form = PlanForm
    inlines = [PhaseInline]
    list_display = ["name", "sku", "state_badge", "subscribers", "spent", "created_at"]
    list_filter = ["state"]
    search_fields = ["name", "name_en", "slug", "=public_id"]
    list_select_related = ["sku"]
    autocomplete_fields = ["sku"]
    ordering = ["-id"]
    list_per_page = 50
    fieldsets = [
        (None, {"fields": [("name", "name_en"), "sku", ("budget_minor", "family"), "slug"]}),
        (_("What it comes to"), {"fields": ["state_badge", "preview", "spent", "timeline"]}),
    ]  # fmt: skip
    readonly_fields = ["state_badge", "preview", "spent", "timeline"]
    actions_detail = ["open_now", "close_now", "rework"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _is_draft(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(
        self,
        request: HttpRequest,
        obj: Plan,
        form: Any,
        change: bool,  # noqa: FBT001  Django's
    ) -> None:
        if not change:
            obj.created_at = obj.state_at = clock.now()
            obj.created_by = actor(request)
        super().save_model(request, obj, form, change)

    def save_formset(
        self,
        request: HttpRequest,
        form: Any,
        formset: Any,
        change: bool,  # noqa: FBT001  Django's
    ) -> None:
        """Phases follow each other as they stand on the screen."""
        super().save_formset(request, form, formset, change)
        kept = [one.instance for one in formset.forms if one.instance.pk]
        for position, phase in enumerate(kept):
            PlanPhase.objects.filter(pk=phase.pk).update(position=position)

    @display(description=_("State"), label=PLAN_LABELS)
    def state_badge(self, row: Plan) -> Badge:
        return Badge(row.state, row.get_state_display())

    @display(description=_("Subscribers"))
    def subscribers(self, row: Plan) -> int:
        running = Subscription.objects.filter(plan=row, current_start__isnull=False)
        return running.exclude(state=SubscriptionState.ENDED).count()

    @display(description=_("Budget spent"))
    def spent(self, row: Plan) -> str:
        key = subsidy_key(row.public_id)
        gone = used([key]).get(key, 0) if not row._state.adding else 0
        return f"{format_minor(gone)} / {format_minor(row.budget_minor)}"

    @display(description=_("Phase by phase"))
    def preview(self, row: Plan) -> SafeString | str:
        if row._state.adding:
            return gettext("Save it to see what each phase costs the shop.")
        channel = default_channel()
        found = check_plan(row, channel=channel, now=clock.now())
        return table([*_said(found), *(_cost(cost, channel) for cost in found.costs)])

    @display(description=_("Timeline"))
    def timeline(self, row: Plan) -> SafeString | str:
        return "" if row._state.adding else changes(row.public_id)

    @action(description=_("Put on sale…"), url_path="open")
    def open_now(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Plan, pk=object_id)
        found = check_plan(row, channel=default_channel(), now=clock.now())

        def run(data: dict[str, Any]) -> str:
            try:
                asked = open_plan(
                    pk=row.pk, by=request.user.public_id,  # type: ignore[union-attr]
                    reason=gettext("Put the plan on sale"), now=clock.now(),
                )  # fmt: skip
            except CannotOpen as no:
                raise ValidationError(str(PROBLEMS[no.key])) from no
            if asked is None:
                return gettext("It is on sale.")
            return gettext("It goes on sale once a second person agrees.")

        text = gettext("From now on people can subscribe to it on these terms.")
        if found.subsidised:
            text = gettext(
                "It gives goods under their floor: a second person has to agree to %(sum)s."
            ) % {"sum": format_minor(row.budget_minor)}
        return self._confirm(request, row, gettext("Put on sale"), text, run)

    @action(description=_("Take off sale…"), url_path="close")
    def close_now(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Plan, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            if not close_plan(pk=row.pk, by=actor(request), now=clock.now()):
                raise ValidationError(gettext("It is not on sale."))
            return gettext("Nobody subscribes to it any more.")

        text = gettext("Who has it keeps it, on the terms they agreed to.")
        return self._confirm(request, row, gettext("Take off sale"), text, run)

    @action(description=_("Change its terms…"), url_path="rework")
    def rework(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Plan, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            if not rework_plan(pk=row.pk, by=actor(request), now=clock.now()):
                raise ValidationError(gettext("Take it off sale first."))
            return gettext("It is a draft again.")

        text = gettext("It becomes a draft. New terms hold for new subscribers alone.")
        return self._confirm(request, row, gettext("Change its terms"), text, run)

    @staticmethod
    def _confirm(request: HttpRequest, row: Plan, button: str, text: str, run: Any) -> HttpResponse:
        back = reverse("admin:orders_plan_change", args=[row.pk])
        return confirm(
            request, title=row.name, text=text, button=button, back=back, run=run, act=MANAGE
        )


def _is_draft(row: Any) -> bool:
    plan = row.plan if isinstance(row, PlanPhase) else row
    return plan is None or plan.state == PlanState.DRAFT


def _said(found: PlanCheck) -> list[tuple[str, ...]]:
    return [(str(PROBLEMS[found.problem]),)] if found.problem else []


def _cost(cost: PhaseCost, channel: ChannelView) -> tuple[str, ...]:
    phase = cost.phase
    floors = cost.floor_minor + cost.gift_floor_minor
    left = margin_in(channel, paid_minor=phase.price_minor, cost_minor=floors).left_minor or 0
    times = str(phase.periods) if phase.periods else "∞"
    return (
        f"{times} × {length_words(phase)}",
        format_minor(phase.price_minor),
        gettext("goods %(sum)s") % {"sum": format_minor(cost.floor_minor)},
        gettext("gift %(sum)s") % {"sum": format_minor(cost.gift_floor_minor)},
        gettext("margin %(sum)s") % {"sum": format_minor(left)},
        gettext("subsidy %(sum)s") % {"sum": format_minor(cost.subsidy_minor)},
    )
