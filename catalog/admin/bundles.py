from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline, TabularInline
from unfold.decorators import display

from catalog.admin.skus import PriceInline, SkuAdmin
from catalog.bundles.preview import Preview, preview
from catalog.models import Bundle, BundleGroup, BundlePart
from catalog.queries import default_channel, offer_by_id
from catalog.services.save_bundle import BundleRefused, check_bundle, record_contents
from catalog.states import Availability, DeliveryKind
from core import clock
from core.admin.base import actor
from core.money import format_minor


class PartInline(TabularInline):
    """The goods of one group."""

    model = BundlePart
    hide_title = True
    extra = 0
    fields = ["sku", "quantity", "position"]
    autocomplete_fields = ["sku"]
    ordering_field = "position"


class GroupInline(StackedInline):
    """All of its goods, or as many as the buyer chooses; the goods stand inside the group."""

    model = BundleGroup
    inlines = [PartInline]
    extra = 0
    fields = [("name", "name_en"), ("choose", "position")]


@admin.register(Bundle)
class BundleAdmin(SkuAdmin):
    """What is inside a bundle, at what price, and what each part's share and margin come to."""

    list_display = [
        "code",
        "product",
        "name",
        "price",
        "cost",
        "margin",
        "stock_badge",
        "is_active",
    ]
    list_filter = ["is_active", "product__state"]
    inlines = [GroupInline, PriceInline]
    readonly_fields = ["public_id", "stock_text", "preview"]
    fieldsets = [
        (
            _("What it is"),
            {"fields": ["product", "code", ("name", "name_en"), ("is_active", "position")]},
        ),
        (_("How its price is split"), {"fields": ["preview"]}),
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
            _("Record"),
            {
                "fields": [("advertised_minimum_minor", "stock_text"), "public_id"],
                "classes": ["collapse"],
            },
        ),
    ]
    actions_detail: list[str] = []

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        kind = {"product__product_type__delivery_kind": DeliveryKind.BUNDLE}
        rows: QuerySet[Any] = super().get_queryset(request).filter(**kind)
        return rows

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*self.readonly_fields, *(["code", "product"] if obj else [])]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A bundle begins as a SKU of a product of a bundle's type."""
        return False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        super().save_related(request, form, formsets, change)
        check_bundle(sku_id=form.instance.pk)
        record_contents(
            sku_id=form.instance.pk, before=None, now=clock.now(), acting=actor(request)
        )

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What cannot be sold as one takes the whole save back."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except BundleRefused as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(request.get_full_path())

    @display(description=_("Cost"))
    def cost(self, sku: Bundle) -> str:
        shown = _shown(sku)
        return format_minor(shown.cost_minor, sku.currency) if shown else "–"

    @display(description=_("Margin"))
    def margin(self, sku: Bundle) -> str:
        shown = _shown(sku)
        return format_minor(shown.price_minor - shown.cost_minor, sku.currency) if shown else "–"

    @display(
        description=_("Availability"), label={"in": "success", "low": "warning", "out": "danger"}
    )
    def stock_badge(self, sku: Bundle) -> tuple[str, str]:
        found = offer_by_id(sku.pk, default_channel(), clock.now())
        word = found.availability if found is not None and found.state_ok else "out"
        return word, str(Availability(word).label)

    @display(description=_("Availability"))
    def stock_text(self, sku: Bundle) -> str:
        _word, label = self.stock_badge(sku)
        return str(label)

    @display(description=_("Preview"))
    def preview(self, sku: Bundle) -> SafeString | str:
        """Of the dearest choice: the least that is earned, whatever the buyer takes."""
        shown = _shown(sku)
        if shown is None:
            return "–"
        return render_to_string("admin/catalog/bundle_preview.html", {"preview": shown})


def _shown(sku: Bundle) -> Preview | None:
    return preview(sku.pk, default_channel(), clock.now())
