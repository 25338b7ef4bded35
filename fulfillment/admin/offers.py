from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from catalog.admin.base import MinorField, MinorFields
from core import clock
from core.admin.base import actor
from core.money import format_minor
from core.tx import step
from fulfillment.models import Supplier, SupplierOffer
from fulfillment.services.suppliers.save_offer import Terms, delete_offer, save_offer


class OfferForm(forms.ModelForm):
    """Amounts are typed in the currency of the supplier that is chosen."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        typed = self.data.get(self.add_prefix("supplier"), "") if "supplier" in self.fields else ""
        chosen = int(typed) if typed.isdecimal() else self.instance.supplier_id
        supplier = Supplier.objects.filter(pk=chosen).only("currency").first()
        for amount in self.fields.values():
            if isinstance(amount, MinorField) and supplier:
                amount.currency = supplier.currency


@admin.register(SupplierOffer)
class SupplierOfferAdmin(MinorFields, ModelAdmin):
    """Who supplies what, at which highest cost, in which order. Edits are audited."""

    form = OfferForm
    list_display = ["sku", "supplier", "supplier_sku", "cost", "highest", "position", "weight", "active",
                    "order_now"]  # fmt: skip
    list_filter = ["active", "supplier"]
    search_fields = ["sku__code", "supplier_sku"]
    list_select_related = ["sku", "supplier"]
    autocomplete_fields = ["sku"]
    ordering = ["sku__code", "position"]
    list_per_page = 50

    @display(description=_("Cost"))
    def cost(self, offer: SupplierOffer) -> str:
        return format_minor(offer.cost_minor, offer.supplier.currency)

    @display(description=_("Order of asking"))
    def order_now(self, offer: SupplierOffer) -> SafeString:
        url = reverse("admin:fulfillment_route", args=[offer.sku_id])
        return format_html('<a class="text-primary-600" href="{}">{}</a>', url, _("now"))

    @display(description=_("Highest cost"))
    def highest(self, offer: SupplierOffer) -> str:
        return format_minor(offer.max_cost_minor, offer.supplier.currency)

    def save_model(
        self,
        request: HttpRequest,
        obj: SupplierOffer,
        form: Any,
        change: bool,  # noqa: FBT001  Django's
    ) -> None:
        terms = Terms(**{name: getattr(obj, name) for name in Terms.__dataclass_fields__})
        saved = save_offer(
            offer_id=obj.pk if change else None, terms=terms, by=actor(request), now=clock.now()
        )
        obj.pk, obj._state.adding = saved.pk, False

    def delete_model(self, request: HttpRequest, obj: SupplierOffer) -> None:
        delete_offer(offer_id=obj.pk, by=actor(request), now=clock.now())

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        with step():
            for offer in queryset:
                self.delete_model(request, offer)
