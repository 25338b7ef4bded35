"""What vouchers are good for, and where."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from catalog.admin.base import MinorFields
from catalog.states import DeliveryKind
from core.money import format_minor
from fulfillment.admin.setup import SetupAdmin
from fulfillment.models import VoucherPlace, VoucherTerms
from fulfillment.services.redeeming.note_setup import TERMS
from fulfillment.vouchers.hours import in_words

DAYS = (
    ("1", _("Mon")), ("2", _("Tue")), ("3", _("Wed")), ("4", _("Thu")), ("5", _("Fri")),
    ("6", _("Sat")), ("7", _("Sun")),
)  # fmt: skip


# The form takes yuan, the column keeps minor units.
LABELS = {"amount_minor": _("amount"), "share_minor": _("share per use")}


class Amounts(MinorFields):
    """Money as decimal amounts, under a name that says so."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in LABELS:
            field.label = LABELS[db_field.name]
        return field


class Weekdays(forms.MultipleChoiceField):
    """Days as boxes on the form, as their digits in the column."""

    widget = UnfoldAdminCheckboxSelectMultipleWidget

    def prepare_value(self, value: Any) -> Any:
        return list(value) if isinstance(value, str) else value

    def clean(self, value: Any) -> Any:
        return "".join(sorted(set(super().clean(value))))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(set(initial or "") != set(data or ""))


class TermsForm(forms.ModelForm):
    weekdays = Weekdays(label=_("weekdays"), choices=DAYS, initial="1234567")

    class Meta:
        model = VoucherTerms
        fields = "__all__"  # noqa: DJ007  the admin names them

    def clean(self) -> dict[str, Any]:
        """A voucher is used by times or by amount; hours have a beginning and an end."""
        cleaned: dict[str, Any] = super().clean() or {}
        sku = cleaned.get("sku")
        if sku is not None and sku.product.product_type.delivery_kind != DeliveryKind.VOUCHER:
            raise forms.ValidationError({"sku": gettext("This SKU is no voucher.")})
        if bool(cleaned.get("uses_total")) == bool(cleaned.get("amount_minor")):
            raise forms.ValidationError(
                gettext("Enter a number of uses or an amount, one of the two.")
            )
        opens, closes = cleaned.get("opens_at"), cleaned.get("closes_at")
        if (opens is None) != (closes is None) or (opens is not None and opens == closes):
            raise forms.ValidationError(
                {"closes_at": gettext("Hours have a beginning and another end, or neither.")}
            )
        return cleaned


class PlaceForm(forms.ModelForm):
    class Meta:
        model = VoucherPlace
        fields = ("merchant", "store", "share_minor", "share_bp")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        store, merchant = cleaned.get("store"), cleaned.get("merchant")
        if store is not None and merchant is not None and store.merchant_id != merchant.pk:
            raise forms.ValidationError({"store": gettext("This store is another merchant's.")})
        return cleaned


class PlaceInline(Amounts, TabularInline):
    model = VoucherPlace
    form = PlaceForm
    extra = 0
    hide_title = True
    autocomplete_fields = ["merchant", "store"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A place may go: what was sold is then not taken there any more."""
        return bool(self.has_change_permission(request, obj))


@admin.register(VoucherTerms)
class VoucherTermsAdmin(Amounts, SetupAdmin):
    """One row for each SKU of vouchers. How long it is good is said at the SKU."""

    act, tag = "vouchers.terms", TERMS
    form = TermsForm
    list_display = ["sku", "product", "measure", "counts", "places_named", "undo_seconds"]
    list_select_related = ["sku__product"]
    search_fields = ["sku__code", "sku__product__name", "sku__product__name_en"]
    autocomplete_fields = ["sku"]
    inlines = [PlaceInline]
    fieldsets = [
        (None, {"fields": ["sku"]}),
        (
            _("What it holds"),
            {
                "fields": ["uses_total", "amount_minor"],
                "description": _(
                    "Copied to each voucher at its sale; a change is for later sales."
                ),
            },
        ),
        (
            _("When it counts"),
            {"fields": ["starts_after_days", "weekdays", "opens_at", "closes_at"]},
        ),
        (_("Undoing"), {"fields": ["undo_seconds"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[VoucherTerms]:
        rows: QuerySet[VoucherTerms] = super().get_queryset(request)
        places = VoucherPlace.objects.select_related("merchant", "store")
        return rows.prefetch_related(Prefetch("places", queryset=places))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["sku"] if obj else []

    @display(description=_("Goods"))
    def product(self, row: VoucherTerms) -> str:
        english = (get_language() or "").startswith("en")
        product, sku = row.sku.product, row.sku
        return f"{product.name_en if english else product.name} · " + (
            sku.name_en if english else sku.name
        )

    @display(description=_("Holds"))
    def measure(self, row: VoucherTerms) -> str:
        if row.amount_minor is not None:
            return format_minor(row.amount_minor, row.sku.currency)
        return gettext("%(uses)s times") % {"uses": row.uses_total}

    @display(description=_("Counts"))
    def counts(self, row: VoucherTerms) -> str:
        return in_words(
            weekdays=row.weekdays, opens_at=row.opens_at, closes_at=row.closes_at,
            english=(get_language() or "").startswith("en"),
        )  # fmt: skip

    @display(description=_("Taken at"))
    def places_named(self, row: VoucherTerms) -> str:
        named = [str(place) for place in row.places.all()[:4]]
        return ", ".join(named) or gettext("nowhere yet")
