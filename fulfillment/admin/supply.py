"""What suppliers' lists say, what followed from it, and the rules for rising costs."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from core.admin.base import ReadOnlyAdmin
from core.money import format_minor
from fulfillment.admin.purchase_rows import KeptRows
from fulfillment.models import CostRule, SupplierGood, SupplierSync, SupplyChange

WHAT: dict[str, Any] = {
    "new": _("New on the list"), "cost": _("Cost there"), "stock": _("Stock there"),
    "sale": _("On sale there"), "gone": _("No longer on the list"), "back": _("On the list again"),
    "taken": _("Our cost followed"), "paused": _("Our offer pauses"),
    "resumed": _("Our offer goes on"), "price": _("Sale price raised"),
    "asked": _("A person is asked"),
}  # fmt: skip


@admin.register(SupplierGood)
class SupplierGoodAdmin(ReadOnlyAdmin):
    """The newest picture of every good on a supplier's list, and when it was taken."""

    list_display = [
        "supplier",
        "supplier_sku",
        "name",
        "cost",
        "stock",
        "on_sale",
        "as_of",
        "gone_at",
    ]
    list_filter = ["supplier", "on_sale"]
    list_select_related = ["supplier"]
    search_fields = ["supplier_sku", "name"]
    list_per_page = 50

    @display(description=_("Cost"))
    def cost(self, good: SupplierGood) -> str:
        return format_minor(good.cost_minor, good.currency)


@admin.register(SupplyChange)
class SupplyChangeAdmin(ReadOnlyAdmin):
    """Every change of a list, and what followed from it: the answer to why."""

    list_display = ["at", "supplier", "supplier_sku", "sku", "happened", "was", "became"]
    list_filter = ["supplier", "what"]
    list_select_related = ["supplier", "sku"]
    search_fields = ["supplier_sku", "sku__code"]
    list_per_page = 50

    @display(description=_("What"))
    def happened(self, change: SupplyChange) -> str:
        return str(WHAT.get(change.what, change.what))

    @display(description=_("Before"))
    def was(self, change: SupplyChange) -> str:
        return "–" if change.before is None else str(change.before)

    @display(description=_("After"))
    def became(self, change: SupplyChange) -> str:
        return "–" if change.after is None else str(change.after)


@admin.register(SupplierSync)
class SupplierSyncAdmin(ReadOnlyAdmin):
    """How fresh what we know of each supplier is."""

    list_display = ["supplier", "goods", "whole_at", "page_at", "rejected", "balance", "problem"]
    list_select_related = ["supplier"]

    @display(description=_("Balance there"))
    def balance(self, row: SupplierSync) -> str:
        if row.balance_minor is None:
            return "–"
        return format_minor(row.balance_minor, row.supplier.currency)


@admin.register(CostRule)
class CostRuleAdmin(KeptRows):
    """What the shop does by itself when a cost rises beyond what a price bears."""

    list_display = ["sku", "act", "margin", "ceiling"]
    list_filter = ["act"]
    list_select_related = ["sku"]
    search_fields = ["sku__code"]
    autocomplete_fields = ["sku"]
    tag = "costrule:saved"

    @display(description=_("Least margin"))
    def margin(self, rule: CostRule) -> str:
        return f"{rule.margin_bp / 100:g} %"

    @display(description=_("Highest sale price"))
    def ceiling(self, rule: CostRule) -> str:
        if rule.most_price_minor is None:
            return "–"
        return format_minor(rule.most_price_minor, rule.sku.currency)
