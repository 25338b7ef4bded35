"""Taking the catalogue out in the columns in which it comes in."""

from typing import Any

from django.db.models import QuerySet
from import_export import resources
from import_export.fields import Field

from catalog.importing.rows import COLUMNS
from catalog.models import Sku
from catalog.states import ValidityKind
from core.cells import harmless
from core.money import decimal_text


class SkuResource(resources.ModelResource):
    """One line per SKU, so that an export can be imported again."""

    class Meta:
        model = Sku
        fields: tuple[str, ...] = ()

    def get_export_queryset(self, request: Any = None) -> QuerySet[Sku]:
        return self.get_queryset()

    def get_queryset(self) -> QuerySet[Sku]:
        rows = Sku.objects.select_related(
            "product__brand", "product__category", "product__product_type"
        )
        return rows.prefetch_related("product__tags", "prices").order_by(
            "product__position", "position"
        )

    def get_export_fields(self, selected_fields: Any = None) -> list[Field]:
        return [Field(attribute=name, column_name=name) for name in COLUMNS]

    def export_field(self, field: Field, instance: Sku, **kwargs: Any) -> str:
        return harmless(cells_of(instance)[str(field.column_name)])


def cells_of(sku: Sku) -> dict[str, str]:
    """A SKU as a line of a catalogue file."""
    product = sku.product
    kind, _dash, fields = product.product_type.code.partition("-")
    standing = [row for row in sku.prices.all() if row.min_quantity == 1 and row.starts_at is None]
    return {
        "category": product.category.name,
        "category_en": product.category.name_en,
        "brand": product.brand.name,
        "brand_en": product.brand.name_en,
        "product": product.name,
        "product_en": product.name_en,
        "sku_code": sku.code,
        "sku": sku.name,
        "sku_en": sku.name_en,
        "type": kind,
        "input_fields": fields,
        "face_value_cny": _money(sku.face_value_minor),
        "market_price_cny": _money(sku.market_price_minor),
        "cost_cny": _money(sku.cost_minor),
        "price_cny": _money(standing[0].amount_minor if standing else None),
        "validity": _validity(sku),
        "guide": product.guide,
        "guide_en": product.guide_en,
        "tags": ";".join(tag.name for tag in product.tags.all()),
    }


def _money(minor: int | None) -> str:
    return "" if minor is None else decimal_text(minor)


def _validity(sku: Sku) -> str:
    if sku.validity_kind == ValidityKind.ON_DELIVERY:
        return "on_delivery"
    if sku.validity_months:
        return f"{sku.validity_months}_months"
    return f"{sku.validity_days}_days" if sku.validity_days else "none"
