from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from import_export.admin import ExportMixin
from unfold.admin import StackedInline
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.contrib.import_export.forms import ExportForm
from unfold.decorators import action, display

from catalog.admin.base import CatalogAdmin, MinorField, MinorFields, require
from catalog.admin.export import SkuResource
from catalog.admin.margins import (
    MARGIN_LABELS,
    MarginFilter,
    kind_of,
    margin_text,
    warn_of_loss,
    with_margin,
)
from catalog.admin.products import SkuForm
from catalog.models import Price, Sku
from catalog.pricing import FloorBroken, check_floor
from catalog.services.follow_cost import follow_sku
from catalog.services.remove_price import remove_price
from catalog.services.set_cost import set_cost
from catalog.services.set_price import set_price
from catalog.states import Availability, StockMode
from core import clock
from core.admin.base import actor
from core.money import format_minor
from core.tx import step
from risk.admin.confirm import confirm


class PriceForm(forms.ModelForm):
    """Says at once when a price is under the floor; `set_price` refuses it in any case."""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        sku, amount = self.instance.sku if self.instance.sku_id else None, data.get("amount_minor")
        if sku is None or amount is None:
            return data
        try:
            check_floor(
                amount,
                cost_minor=sku.cost_minor,
                advertised_minimum_minor=sku.advertised_minimum_minor,
            )
        except FloorBroken as broken:
            floor = format_minor(broken.floor_minor, sku.currency)
            self.add_error(
                "amount_minor",
                gettext("Under the floor of %(floor)s (cost or lowest advertised price).")
                % {"floor": floor},
            )
        return data


class PriceInline(MinorFields, StackedInline):
    """Prices by list, quantity and date. What a person sets here is locked against automation."""

    model = Price
    form = PriceForm
    extra = 0
    tab = True
    fields = [
        ("price_list", "amount_minor", "min_quantity"),
        "starts_at",
        "ends_at",
        ("note", "is_locked"),
    ]
    readonly_fields = ["is_locked"]


class CostForm(forms.Form):
    cost = MinorField(label=_("Cost of one unit"))


@admin.register(Sku)
class SkuAdmin(ExportMixin, CatalogAdmin):
    """One SKU: names, worth, prices, limits, validity."""

    resource_classes = [SkuResource]
    export_form_class = ExportForm
    list_display = [
        "code", "product", "name", "price", "cost", "margin_now", "stock_badge", "is_active",
    ]  # fmt: skip
    list_filter = [
        MarginFilter,
        "availability",
        "is_active",
        "stock_mode",
        ("product__category", RelatedDropdownFilter),
        ("product__brand", RelatedDropdownFilter),
        "product__state",
    ]
    list_filter_submit = True
    list_select_related = ["product"]
    search_fields = ["code", "name", "name_en", "product__name", "product__name_en", "=public_id"]
    search_help_text = _("SKU code, name, product or exact id")
    autocomplete_fields = ["product"]
    inlines = [PriceInline]
    form = SkuForm
    actions_detail = ["change_cost"]
    readonly_fields = ["public_id", "stock_text"]
    fieldsets = [
        (
            _("What it is"),
            {"fields": ["product", "code", ("name", "name_en"), ("is_active", "position")]},
        ),
        (
            _("What it is worth"),
            {
                "fields": [
                    "currency",
                    ("face_value_minor", "market_price_minor"),
                    ("cost_minor", "advertised_minimum_minor"),
                ]
            },
        ),
        (_("Stock"), {"fields": [("stock_mode", "stock_text")]}),
        (
            _("How many, and to whom"),
            {
                "fields": [
                    ("limit_per_order", "limit_per_buyer"),
                    ("limit_per_phone", "limit_per_day"),
                    ("who_may_buy", "minimum_level"),
                ]
            },
        ),
        (
            _("How long it is good"),
            {
                "fields": [
                    "validity_kind",
                    ("validity_days", "validity_months"),
                    ("valid_from", "valid_until"),
                ]
            },
        ),
        (_("Record"), {"fields": ["public_id"], "classes": ["collapse"]}),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fixed = ["code", "product", "currency", "cost"] if obj else []
        return [*self.readonly_fields, *fixed]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The cost of what exists is changed by an act, and shown as an amount."""
        sets = super().get_fieldsets(request, obj)
        if obj is None:
            return sets
        return [
            (title, {**options, "fields": _with_cost(options["fields"])}) for title, options in sets
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return with_margin(super().get_queryset(request))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Orders name SKUs for ever; one is taken out of the offer instead."""
        return False

    def products_of(self, obj: Any) -> list[int]:
        return [obj.product_id]

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: Any) -> None:
        """Prices are set by the service: floor, lock and audit hold here as everywhere."""
        if formset.model is not Price:
            super().save_formset(request, form, formset, change)
            return
        rows = formset.save(commit=False)
        now, by = clock.now(), actor(request)
        for row in formset.deleted_objects:
            remove_price(price_id=row.pk, now=now, acting=by)
        for row in rows:
            _move_aside(row)
            set_price(
                sku_id=form.instance.pk, price_list_id=row.price_list_id, amount_minor=row.amount_minor,
                min_quantity=row.min_quantity, starts_at=row.starts_at, ends_at=row.ends_at,
                by_hand=True, note=row.note, now=now, acting=by,
            )  # fmt: skip
            warn_of_loss(request, form.instance, row)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """A floor that moved, or a price taken in hand, changes what a rule may do."""
        super().save_related(request, form, formsets, change)
        follow_sku(sku_id=form.instance.pk, now=clock.now(), acting=actor(request))

    @display(description=_("Price"))
    def price(self, sku: Sku) -> str:
        row = (
            sku.prices.filter(min_quantity=1, starts_at__isnull=True)
            .order_by("price_list_id")
            .first()
        )
        return format_minor(row.amount_minor, row.currency) if row else "–"

    @display(description=_("Cost"), ordering="cost_minor")
    def cost(self, sku: Sku) -> str:
        return "–" if sku.cost_minor is None else format_minor(sku.cost_minor, sku.currency)

    @display(description=_("Margin now"), ordering="left_minor", label=MARGIN_LABELS)
    def margin_now(self, sku: Any) -> tuple[str, str]:
        """At the standing price, after cost and payment fee."""
        if sku.left_minor is None:
            return "", "–"
        return kind_of(sku), margin_text(sku)

    @display(
        description=_("Availability"), label={"in": "success", "low": "warning", "out": "danger"}
    )
    def stock_badge(self, sku: Sku) -> tuple[str, str]:
        if sku.stock_mode == StockMode.PARTS:
            return "", str(StockMode.PARTS.label)
        return sku.availability, str(Availability(sku.availability).label)

    @display(description=_("Availability"))
    def stock_text(self, sku: Sku) -> str:
        return str(Availability(sku.availability).label)

    @action(description=_("Set the cost…"), url_path="cost")
    def change_cost(self, request: HttpRequest, object_id: int) -> HttpResponse:
        require(request, "catalog.set_cost")
        sku = get_object_or_404(Sku, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            with step():
                set_cost(
                    sku_id=sku.pk, cost_minor=data["cost"], now=clock.now(), acting=actor(request)
                )
            return gettext("The cost is set.")

        return confirm(
            request,
            title=gettext("Cost of %(code)s") % {"code": sku.code},
            text=gettext(
                "The floor of every price follows. A price under it is not sold until it is raised."
            ),
            button=gettext("Set the cost"),
            back=reverse("admin:catalog_sku_change", args=[sku.pk]),
            form=CostForm,
            initial={"cost": sku.cost_minor},
            run=run,
        )


def _with_cost(fields: Any) -> list[Any]:
    """The same fields with the shown cost in place of the column."""
    return [
        tuple("cost" if name == "cost_minor" else name for name in row)
        if isinstance(row, tuple)
        else row
        for row in fields
    ]


def _move_aside(row: Price) -> None:
    """A row whose list, quantity or start was edited gives up its old place; the service makes the new."""
    if not row.pk:
        return
    old = Price.objects.get(pk=row.pk)
    place = ("price_list_id", "min_quantity", "starts_at")
    if any(getattr(old, name) != getattr(row, name) for name in place):
        old.delete()
