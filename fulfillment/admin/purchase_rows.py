"""Tables a person keeps for purchasing: where to buy, and which days sell otherwise."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts.roles import may
from catalog.admin.base import MinorFields
from core import audit, clock
from core.admin.base import actor
from core.money import format_minor
from fulfillment.models import PurchaseSource, SalesOccasion

ACT = "fulfillment.purchase"


class KeptRows(MinorFields, ModelAdmin):
    """Rows edited on their form, each change audited, by those who buy."""

    list_per_page = 50
    tag = "purchase:kept"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, ACT)  # type: ignore[arg-type]

    has_change_permission = has_add_permission
    has_delete_permission = has_add_permission

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        super().save_model(request, obj, form, change)
        self._tell(request, obj, {name: str(getattr(obj, name)) for name in form.changed_data})

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self._tell(request, obj, {"deleted": str(obj)})
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for obj in queryset:
            self.delete_model(request, obj)

    def _tell(self, request: HttpRequest, obj: Any, after: dict[str, str]) -> None:
        audit.record(
            tag=self.tag, by=actor(request), now=clock.now(), after=after,
            subject=f"{obj._meta.model_name}:{obj.pk}",
        )  # fmt: skip


@admin.register(PurchaseSource)
class PurchaseSourceAdmin(KeptRows):
    """Who sells codes of a SKU as a file, at which cost, how quickly and in which packs."""

    list_display = ["sku", "supplier", "cost", "lead_days", "review_days", "service_level",
                    "min_units", "pack_units", "shelf_days", "active"]  # fmt: skip
    list_filter = ["active", "supplier"]
    search_fields = ["sku__code", "supplier_sku"]
    list_select_related = ["sku", "supplier"]
    autocomplete_fields = ["sku"]
    ordering = ["sku__code", "cost_minor"]

    @display(description=_("Cost per code"))
    def cost(self, source: PurchaseSource) -> str:
        return format_minor(source.cost_minor, source.supplier.currency)


@admin.register(SalesOccasion)
class SalesOccasionAdmin(KeptRows):
    """Holidays, great sales and planned promotions: what the last one did is expected of the next."""

    list_display = ["name", "key", "starts_on", "ends_on", "sku"]
    list_filter = ["key"]
    search_fields = ["name", "name_en", "key", "sku__code"]
    list_select_related = ["sku"]
    autocomplete_fields = ["sku"]
    ordering = ["-starts_on"]
