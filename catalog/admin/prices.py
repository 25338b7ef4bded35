from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from catalog.admin.base import CatalogAdmin
from catalog.models import Price, PriceList
from core.admin.base import ReadOnlyAdmin
from core.money import format_minor


@admin.register(PriceList)
class PriceListAdmin(CatalogAdmin):
    """A list of prices; what it does not name comes from the list behind it."""

    list_display = ["name", "code", "currency", "parent", "price_number"]
    search_fields = ["code", "name"]
    fields = [("name", "code"), ("currency", "parent")]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).annotate(price_count=Count("prices"))
        return rows

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["currency"] if obj else []

    @display(description=_("Prices"), ordering="price_count")
    def price_number(self, row: Any) -> int:
        return int(row.price_count)


@admin.register(Price)
class PriceAdmin(ReadOnlyAdmin):
    """All prices to look through; they are set on the page of their SKU."""

    list_display = [
        "sku",
        "price_list",
        "amount",
        "min_quantity",
        "starts_at",
        "ends_at",
        "is_locked",
    ]
    list_filter = [("price_list", RelatedDropdownFilter), "is_locked"]
    list_filter_submit = True
    list_select_related = ["sku", "price_list"]
    search_fields = ["sku__code", "sku__product__name"]
    list_per_page = 50
    fields = [
        "sku",
        "price_list",
        "amount",
        "min_quantity",
        "starts_at",
        "ends_at",
        "is_locked",
        "note",
    ]
    readonly_fields = fields

    @display(description=_("Price"), ordering="amount_minor")
    def amount(self, row: Price) -> str:
        return format_minor(row.amount_minor, row.currency)
