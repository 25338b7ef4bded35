from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from catalog.admin.base import CatalogAdmin
from catalog.models import Brand, Category, Tag


class ShelfAdmin(CatalogAdmin):
    """Categories, brands and tags: names in both languages, order, how many products."""

    search_fields = ["name", "name_en", "slug"]
    prepopulated_fields = {"slug": ["name_en"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = (
            super().get_queryset(request).annotate(product_count=Count("products"))
        )
        return rows

    @display(description=_("Products"), ordering="product_count")
    def product_number(self, row: Any) -> int:
        return int(row.product_count)

    def products_of(self, obj: Any) -> list[int]:
        return list(obj.products.values_list("pk", flat=True)) if obj.pk else []


@admin.register(Category)
class CategoryAdmin(ShelfAdmin):
    list_display = ["name", "name_en", "parent", "is_visible", "product_number"]
    list_filter = ["is_visible"]
    ordering_field = "position"
    fields = ["name", "name_en", "slug", "parent", "is_visible", "position"]


@admin.register(Brand)
class BrandAdmin(ShelfAdmin):
    list_display = ["swatch", "name", "name_en", "product_number"]
    list_display_links = ["swatch", "name"]
    fields = ["name", "name_en", "slug", "hue", "preview", "position"]
    readonly_fields = ["preview"]

    @display(description=_("Color"))
    def swatch(self, brand: Brand) -> SafeString:
        return _card(brand, "44px", "")

    @display(description=_("Card face"))
    def preview(self, brand: Brand) -> SafeString | str:
        return _card(brand, "220px", brand.name) if brand.pk else "–"


@admin.register(Tag)
class TagAdmin(ShelfAdmin):
    list_display = ["name", "name_en", "slug", "product_number"]
    ordering_field = "position"
    fields = ["name", "name_en", "slug", "position"]


def _card(brand: Brand, width: str, text: str) -> SafeString:
    return format_html(
        '<span style="display:inline-flex;width:{};aspect-ratio:1.586;border-radius:7px;padding:8px;color:#fff;'
        'font-weight:600;background:linear-gradient(135deg,oklch(.55 .15 {}),oklch(.38 .12 {}))">{}</span>',
        width, brand.hue, brand.hue + 28, text,
    )  # fmt: skip
