from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import StackedInline
from unfold.decorators import display

from catalog.admin.base import CatalogAdmin
from catalog.inputs import VALIDATORS
from catalog.models import InputField, ProductType


class InputFieldInline(StackedInline):
    """What goods of this type ask of the buyer, in the order of asking."""

    model = InputField
    extra = 0
    tab = True
    ordering_field = "position"
    fields = [
        ("key", "validator", "is_required"),
        ("label", "label_en"),
        ("hint", "hint_en"),
        "params",
        "known_params",
        "position",
    ]
    readonly_fields = ["known_params"]

    @display(description=_("Known parameters"))
    def known_params(self, field: InputField) -> SafeString | str:
        validator = VALIDATORS.get(field.validator)
        names = ", ".join(sorted(validator.params)) if validator else ""
        return format_html("<code>{}</code>", names) if names else "–"


@admin.register(ProductType)
class ProductTypeAdmin(CatalogAdmin):
    """A kind of goods: delivery, what is asked, validity, binding, refund, guide."""

    list_display = [
        "name",
        "code",
        "delivery_kind",
        "stock_mode",
        "asked",
        "product_number",
        "is_active",
    ]
    list_filter = ["delivery_kind", "is_active"]
    search_fields = ["code", "name", "name_en"]
    inlines = [InputFieldInline]
    fieldsets = [
        (_("What it is"), {"fields": [("name", "name_en"), "code", "is_active"]}),
        (_("How it is delivered"), {"fields": [("delivery_kind", "stock_mode")]}),
        (
            _("How long and for whom it is good"),
            {
                "fields": [
                    ("validity_kind", "validity_days"),
                    "binding",
                    ("has_dates", "needs_appointment"),
                    ("is_metered", "meter_unit"),
                ]
            },
        ),
        (_("What is promised"), {"fields": ["refund_policy", "guide", "guide_en"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = (
            super()
            .get_queryset(request)
            .prefetch_related("inputs")
            .annotate(product_count=Count("products", distinct=True))
        )
        return rows

    @display(description=_("Asks for"))
    def asked(self, row: ProductType) -> str:
        return ", ".join(field.label for field in row.inputs.all()) or "–"

    @display(description=_("Products"), ordering="product_count")
    def product_number(self, row: Any) -> int:
        return int(row.product_count)
