"""Level prices, cost-plus rules, and how far prices have followed."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import action, display

from catalog.admin.base import MinorFields, require
from catalog.models import LevelPrice, PriceFollow, PriceRule, RuleScope
from catalog.models.pricerule import FollowOutcome
from catalog.services.follow_cost import follow_sku
from catalog.services.save_pricing import remove_pricing, save_level_price, save_rule
from core import clock
from core.admin.base import Badge, ReadOnlyAdmin, actor
from core.money import format_minor
from core.tx import step
from risk.admin.confirm import confirm

LABELS = {
    "due": "info", "same": "success", "set": "success", "stepped": "info", "locked": "",
    "cost_jump": "danger", "out_of_rails": "danger", "no_cost": "warning",
}  # fmt: skip


class GridForm(forms.ModelForm):
    """Rows that round: the ending lies within the step."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        step_minor, ending = data.get("step_minor") or 1, data.get("ending_minor") or 0
        if ending >= step_minor:
            self.add_error("ending_minor", gettext("The ending lies within the step."))
        return data


class LevelPriceForm(GridForm):
    """Prices of a list, or a share of the price: one of the two."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if (data.get("price_list") is None) == (data.get("share_bp") is None):
            raise ValidationError(gettext("Choose a price list or a share of the price."))
        return data


class RuleForm(GridForm):
    """What a rule is for is named once; the others stay empty."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        scope = data.get("scope")
        needed = {"sku": "sku", "product": "product", "category": "category", "heat": "heat_from"}
        for place, name in needed.items():
            if place == scope and data.get(name) is None:
                self.add_error(name, gettext("Say what the rule is for."))
            elif place != scope:
                data[name] = None
        least, most = data.get("least_minor"), data.get("most_minor")
        if least is not None and most is not None and most < least:
            self.add_error("most_minor", gettext("The highest price is under the least."))
        return data


class PricingAdmin(MinorFields, ModelAdmin):
    """Rows that are saved and removed by services."""

    warn_unsaved_form = True
    list_per_page = 50

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        remove_pricing(row=obj, now=clock.now(), acting=actor(request))

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        with step():
            for obj in queryset:
                self.delete_model(request, obj)


@admin.register(LevelPrice)
class LevelPriceAdmin(PricingAdmin):
    """What members pay: the best of all rows up to their level, never under the floor."""

    form = LevelPriceForm
    list_display = ["level", "channel", "share", "price_list", "member_day", "is_active"]
    list_filter = [
        ("level", RelatedDropdownFilter),
        ("channel", RelatedDropdownFilter),
        "is_active",
    ]
    list_select_related = ["level", "channel", "price_list", "member_day"]
    fieldsets = [
        (_("For whom"), {"fields": [("level", "channel"), "member_day", "is_active"]}),
        (
            _("What they pay"),
            {
                "fields": ["price_list", "share_bp"],
                "description": _("A price list of the level's own, or a share of the price."),
            },
        ),
        (_("Rounding"), {"fields": [("step_minor", "ending_minor", "rounding")]}),
    ]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        changed = {name: str(form.cleaned_data.get(name)) for name in form.changed_data}
        save_level_price(row=obj, changed=changed, now=clock.now(), acting=actor(request))

    @display(description=_("share"))
    def share(self, row: LevelPrice) -> str:
        return f"{row.share_bp / 100:g} %" if row.share_bp else "–"


@admin.register(PriceRule)
class PriceRuleAdmin(PricingAdmin):
    """Prices that follow the cost. The nearest rule of a list wins: SKU, product, category, heat."""

    form = RuleForm
    list_display = ["name", "price_list", "scope", "about", "markup", "on_breach", "is_active"]
    list_filter = ["scope", ("price_list", RelatedDropdownFilter), "on_breach", "is_active"]
    list_select_related = ["price_list", "sku", "product", "category"]
    search_fields = ["name", "sku__code", "product__name", "category__name"]
    autocomplete_fields = ["sku", "product"]
    fieldsets = [
        (_("What for"), {"fields": [("name", "is_active"), ("price_list", "position"), "scope",
                                    ("sku", "product"), ("category", "heat_from")]}),
        (_("What is put on top"), {"fields": [("markup_bp", "markup_minor")]}),
        (_("Rounding"), {"fields": [("step_minor", "ending_minor", "rounding")]}),
        (_("Guard rails"), {"fields": [("least_minor", "most_minor"), ("step_bp", "cost_jump_bp"),
                                       "on_breach"]}),
    ]  # fmt: skip

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        changed = {name: str(form.cleaned_data.get(name)) for name in form.changed_data}
        number = save_rule(rule=obj, changed=changed, now=clock.now(), acting=actor(request))
        text = gettext("%(n)s prices are looked at within a minute.") % {"n": number}
        self.message_user(request, text)

    @display(description=_("about"))
    def about(self, row: PriceRule) -> str:
        named = {
            RuleScope.SKU: row.sku, RuleScope.PRODUCT: row.product,
            RuleScope.CATEGORY: row.category, RuleScope.HEAT: row.heat_from,
        }  # fmt: skip
        return str(named.get(RuleScope(row.scope)) or "–")

    @display(description=_("on top"))
    def markup(self, row: PriceRule) -> str:
        parts = [f"{row.markup_bp / 100:g} %"] if row.markup_bp else []
        if row.markup_minor:
            parts.append(format_minor(row.markup_minor, row.price_list.currency))
        return " + ".join(parts) or "–"


class TroubleFilter(admin.SimpleListFilter):
    """What a person has to look at."""

    title = _("queue")
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("trouble", _("Guard rail hit")), ("moving", _("On its way"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        outcomes = {
            "trouble": [FollowOutcome.COST_JUMP, FollowOutcome.OUT_OF_RAILS],
            "moving": [FollowOutcome.STEPPED, FollowOutcome.DUE],
        }.get(self.value() or "")
        return queryset if outcomes is None else queryset.filter(outcome__in=outcomes)


@admin.register(PriceFollow)
class PriceFollowAdmin(ReadOnlyAdmin):
    """Prices that follow their cost, and where a guard rail stopped one."""

    list_display = ["sku", "price_list", "rule", "outcome_badge", "cost", "now_cost", "target",
                    "stopped", "looked_at"]  # fmt: skip
    list_filter = [TroubleFilter, "outcome", ("price_list", RelatedDropdownFilter)]
    list_select_related = ["sku", "price_list", "rule"]
    search_fields = ["sku__code", "sku__product__name"]
    ordering = ["-looked_at", "-id"]
    list_per_page = 50
    show_full_result_count = False
    fields = ["sku", "price_list", "rule", "outcome_badge", "cost", "now_cost", "target", "stopped",
              "looked_at", "due_at"]  # fmt: skip
    readonly_fields = fields
    actions_detail = ["accept"]

    @display(description=_("Outcome"), label=LABELS)
    def outcome_badge(self, row: PriceFollow) -> Badge:
        return Badge(row.outcome, row.get_outcome_display())

    @display(description=_("cost followed"), ordering="cost_minor")
    def cost(self, row: PriceFollow) -> str:
        return "–" if row.cost_minor is None else format_minor(row.cost_minor, row.sku.currency)

    @display(description=_("cost now"))
    def now_cost(self, row: PriceFollow) -> str:
        minor = row.sku.cost_minor
        return "–" if minor is None else format_minor(minor, row.sku.currency)

    @display(description=_("on its way to"), ordering="target_minor")
    def target(self, row: PriceFollow) -> str:
        return "–" if row.target_minor is None else format_minor(row.target_minor, row.sku.currency)

    @display(description=_("stopped"), boolean=True, ordering="sku__price_hold")
    def stopped(self, row: PriceFollow) -> bool:
        return row.sku.price_hold

    @action(description=_("Accept the cost…"), url_path="accept")
    def accept(self, request: HttpRequest, object_id: int) -> HttpResponse:
        require(request, "catalog.set_cost")
        row = get_object_or_404(PriceFollow.objects.select_related("sku"), pk=object_id)

        def run(_data: dict[str, Any]) -> str:
            with step():
                follow_sku(
                    sku_id=row.sku_id, now=clock.now(), acting=actor(request), accept_cost=True
                )
            return gettext("The price follows, as far as the other guard rails allow.")

        return confirm(
            request,
            title=gettext("Cost of %(code)s") % {"code": row.sku.code},
            text=gettext(
                "You say that the cost is right, however far it rose. The price follows it, and what"
                " was stopped is sold again once its price bears the cost."
            ),
            button=gettext("Accept the cost"),
            back=reverse("admin:catalog_pricefollow_change", args=[row.pk]),
            run=run,
        )
