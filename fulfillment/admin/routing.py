from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.roles import may
from catalog.admin.base import MinorFields
from catalog.models import Sku
from core import clock
from core.admin.base import actor
from core.money import BadMoney, format_minor, parse_minor
from core.tx import step
from fulfillment.models import RoutePolicy
from fulfillment.queries.decisions import reason
from fulfillment.queries.routes import facts_of
from fulfillment.queries.supply_health import supply_health
from fulfillment.routing.route import decide
from fulfillment.routing.values import Considered, Unit
from fulfillment.services.suppliers.save_policy import PolicyTerms, delete_policy, save_policy

POLL_SECONDS = 5
WHOLE_BP = 10_000


class PaidForm(forms.Form):
    paid = forms.CharField(
        label=_("If the buyer paid"), max_length=16, required=False,
        widget=UnfoldAdminTextInputWidget,
    )  # fmt: skip

    def clean_paid(self) -> int | None:
        text = self.cleaned_data["paid"].strip()
        if not text:
            return None
        try:
            return parse_minor(text, "CNY")
        except BadMoney:
            raise forms.ValidationError(_("This is not an amount.")) from None


@admin.register(RoutePolicy)
class RoutePolicyAdmin(MinorFields, ModelAdmin):
    """How SKUs are routed among their suppliers, what would be asked now, and how suppliers do."""

    list_display = ["sku", "policy", "max_attempts", "floor", "guard", "overflow", "order_now"]
    list_filter = ["policy"]
    search_fields = ["sku__code", "sku__product__name"]
    list_select_related = ["sku"]
    autocomplete_fields = ["sku"]
    ordering = ["sku__code"]
    list_per_page = 50
    fieldsets = [
        (None, {"fields": ["sku", "policy", "max_attempts", "overflow"]}),
        (_("Never at a loss"), {"fields": [
            "margin_floor_minor", "margin_floor_bp", "price_guard_bp"]}),
    ]  # fmt: skip
    actions_list = ["health"]
    actions_detail = ["offers"]

    @display(description=_("Least margin"))
    def floor(self, row: RoutePolicy) -> str:
        share = f"{row.margin_floor_bp / 100:.2f} %" if row.margin_floor_bp else ""
        return " / ".join(filter(None, (format_minor(row.margin_floor_minor), share)))

    @display(description=_("Price guard"))
    def guard(self, row: RoutePolicy) -> str:
        return "–" if row.price_guard_bp is None else f"+{row.price_guard_bp / 100:.2f} %"

    @display(description=_("Order of asking"))
    def order_now(self, row: RoutePolicy) -> SafeString:
        url = reverse("admin:fulfillment_route", args=[row.sku_id])
        return format_html('<a class="text-primary-600" href="{}">{}</a>', url, _("now"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*super().get_readonly_fields(request, obj), *(["sku"] if obj else [])]

    def save_model(
        self,
        request: HttpRequest,
        obj: RoutePolicy,
        form: Any,
        change: bool,  # noqa: FBT001  Django's
    ) -> None:
        terms = PolicyTerms(
            **{name: getattr(obj, name) for name in PolicyTerms.__dataclass_fields__}
        )
        saved = save_policy(terms=terms, by=actor(request), now=clock.now())
        obj.pk, obj._state.adding = saved.pk, False

    def delete_model(self, request: HttpRequest, obj: RoutePolicy) -> None:
        delete_policy(sku_id=obj.sku_id, by=actor(request), now=clock.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[RoutePolicy]) -> None:
        with step():
            for row in queryset:
                self.delete_model(request, row)

    @action(description=_("Supplier health"), url_path="open-health")
    def health(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:fulfillment_supply_health"))

    @action(description=_("Order of asking now"), url_path="open-offers")
    def offers(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(RoutePolicy, pk=object_id)
        return HttpResponseRedirect(reverse("admin:fulfillment_route", args=[row.sku_id]))

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("health/", view(self.health_page), name="fulfillment_supply_health"),
            path("health/rows/", view(self.health_rows), name="fulfillment_supply_health_rows"),
            path("now/<int:sku_id>/", view(self.route_page), name="fulfillment_route"),
            *super().get_urls(),
        ]

    def health_page(self, request: HttpRequest) -> HttpResponse:
        """All suppliers at a glance; the rows fetch themselves anew."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("Supplier health"),
            "poll_seconds": POLL_SECONDS,
            **self._health(request),
        }
        return TemplateResponse(request, "admin/fulfillment/supply_health.html", context)

    def health_rows(self, request: HttpRequest) -> HttpResponse:
        return TemplateResponse(
            request, "admin/fulfillment/_supply_health.html", self._health(request)
        )

    def _health(self, request: HttpRequest) -> dict[str, Any]:
        self._only(request)
        now = clock.now()
        rows = [
            {
                "health": one,
                "balance": format_minor(one.prepaid_minor, one.currency),
                "success": _percent(one.success),
                "unknown": _percent(one.unknown),
                "pause_seconds": _left(one.breaker.until, now),
                "error_ago": _ago(one.last_error_at, now),
                "switch": reverse("admin:fulfillment_supplier_switch", args=[one.pk]),
            }
            for one in supply_health(now=now)
        ]
        may_switch = may(request.user, "fulfillment.suppliers")  # type: ignore[arg-type]
        return {"rows": rows, "at": now, "may_switch": may_switch}

    def route_page(self, request: HttpRequest, sku_id: int) -> HttpResponse:
        """The offers of a SKU as they would be asked at this moment, each with its reason."""
        self._only(request)
        sku = get_object_or_404(Sku.objects.select_related("product"), pk=sku_id)
        form = PaidForm(request.GET or None)
        paid = form.cleaned_data["paid"] if form.is_valid() else None
        now = clock.now()
        facts = facts_of(sku_id=sku.pk, delivery=None, now=now)
        unit = Unit(seed=f"sku:{sku.pk}", paid_minor=paid)
        route = decide(rules=facts.rules, unit=unit, offers=facts.offers, now=now)
        rows = [_row(one, place, route.ready) for place, one in enumerate(route.considered, 1)]
        policy = RoutePolicy.objects.filter(sku=sku).first()
        context = {
            **self.admin_site.each_context(request),
            "title": f"{sku.product.name} · {sku.code}",
            "sku": sku,
            "rows": rows,
            "why": reason(route.why) if route.why else "",
            "policy": dict(RoutePolicy.Policy.choices)[facts.rules.policy],
            "weighted": facts.rules.policy == RoutePolicy.Policy.WEIGHTED,
            "rules": facts.rules,
            "change": _policy_url(sku, policy),
            "form": form,
        }
        return TemplateResponse(request, "admin/fulfillment/route.html", context)

    def _only(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def _row(one: Considered, place: int, ready: tuple[Considered, ...]) -> dict[str, Any]:
    first = bool(ready) and one is ready[0]
    return {
        "place": place,
        "name": one.facts.name,
        "sku": one.facts.supplier_sku,
        "cost": format_minor(one.facts.cost_minor, one.facts.currency),
        "limit": format_minor(one.limit_minor, one.facts.currency),
        "weight": one.facts.weight,
        "speed_ms": one.facts.health.speed_ms,
        "said": reason(one.why) if one.why else (_("asked first") if first else _("stands by")),
        "until": one.until,
        "tone": "warning" if one.why else ("success" if first else "info"),
    }


def _policy_url(sku: Sku, policy: RoutePolicy | None) -> str:
    if policy is None:
        return f"{reverse('admin:fulfillment_routepolicy_add')}?sku={sku.pk}"
    return reverse("admin:fulfillment_routepolicy_change", args=[policy.pk])


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.1f} %"


def _left(until: Any, now: Any) -> int:
    return max(0, round((until - now).total_seconds())) if until else 0


def _ago(at: Any, now: Any) -> int | None:
    return None if at is None else max(0, round((now - at).total_seconds() / 60))
