"""Merchants with their stores, stores with the people who scan there."""

from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.contacts import read_contact
from accounts.models import User
from accounts.queries import holder_of_phone, name_of
from core import clock, ledger
from core.money import format_minor
from fulfillment.admin.setup import SetupAdmin
from fulfillment.models import Clerk, Merchant, Store
from fulfillment.postings import MERCHANT
from fulfillment.services.redeeming.note_setup import MERCHANTS
from risk.values import NotAValue


def find_person(text: str) -> User | None:
    """Who is meant by a public id, a verified mail address or a verified phone number."""
    text = text.strip()
    if text.startswith("usr_"):
        return User.objects.filter(public_id=text, is_active=True).first()
    try:
        contact = read_contact(text)
    except NotAValue:
        return None
    if contact.kind == "phone":
        return holder_of_phone(contact.index)
    address = EmailAddress.objects.select_related("user").filter(
        email__iexact=contact.value, verified=True, user__is_active=True
    )
    found = address.first()
    return found.user if found else None


class ClerkForm(forms.ModelForm):
    """A clerk is somebody with an account; who has none registers first, as any customer does."""

    person = forms.CharField(
        label=_("account"), max_length=120, required=False, widget=UnfoldAdminTextInputWidget,
        help_text=_("Their mail address, phone number, or public id."),
    )  # fmt: skip

    class Meta:
        model = Clerk
        fields = ("name", "role", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["person"] = name_of(self.instance.user) or self.instance.user
            self.fields["person"].disabled = True

    def clean(self) -> dict[str, Any]:
        """A new clerk needs an account that is known; one person stands once at a store."""
        cleaned: dict[str, Any] = super().clean() or {}
        if self.instance.pk:
            return cleaned
        user = find_person(cleaned.get("person") or "")
        if user is None:
            raise forms.ValidationError({"person": gettext("Nobody has an account by this name.")})
        self.instance.user = user.public_id
        cleaned["name"] = cleaned.get("name") or user.display_name
        return cleaned

    def validate_unique(self) -> None:
        super().validate_unique()
        clash = Clerk.objects.filter(store_id=self.instance.store_id, user=self.instance.user)
        if self.instance.user and clash.exclude(pk=self.instance.pk).exists():
            self.add_error("person", gettext("This person is a clerk of this store already."))


class ClerkInline(TabularInline):
    model = Clerk
    form = ClerkForm
    extra = 0
    fields = ["person", "name", "role", "is_active"]
    can_delete = False
    hide_title = True


class StoreInline(TabularInline):
    model = Store
    extra = 0
    fields = ["code", "name", "name_en", "address", "is_active"]
    can_delete = False
    hide_title = True
    show_change_link = True


class Dated(SetupAdmin):
    """Rows that know when they were made."""

    act, tag = "merchants.manage", MERCHANTS

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        if not change:
            obj.created_at = clock.now()
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: Any) -> None:
        now = clock.now()
        for row in formset.forms:
            if not row.instance.pk:
                row.instance.created_at = now
        super().save_formset(request, form, formset, change)


@admin.register(Merchant)
class MerchantAdmin(Dated):
    """Who gives the goods of vouchers."""

    list_display = ["name", "name_en", "code", "stores_open", "owed", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["name", "name_en", "code", "=public_id"]
    fields = ["name", "name_en", "code", "is_active"]
    inlines = [StoreInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Merchant]:
        rows: QuerySet[Merchant] = super().get_queryset(request)
        return rows.annotate(open=Count("stores", filter=Q(stores__is_active=True)))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        # Accounts of the ledger carry the code.
        return ["code"] if obj else []

    @display(description=_("Stores open"), ordering="open")
    def stores_open(self, row: Merchant) -> int:
        return row.open  # type: ignore[attr-defined,no-any-return]

    @display(description=_("Owed for redemptions"))
    def owed(self, row: Merchant) -> str:
        return format_minor(-ledger.balance(f"{MERCHANT}:{row.code}"), "CNY")


@admin.register(Store)
class StoreAdmin(Dated):
    """A place with its people."""

    list_display = ["name", "merchant", "name_en", "code", "clerks_active", "is_active"]
    list_filter = ["is_active", "merchant"]
    list_select_related = ["merchant"]
    search_fields = ["name", "name_en", "code", "merchant__name", "=public_id"]
    autocomplete_fields = ["merchant"]
    fields = ["merchant", "name", "name_en", "code", "address", "is_active"]
    inlines = [ClerkInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Store]:
        rows: QuerySet[Store] = super().get_queryset(request)
        return rows.annotate(active=Count("clerks", filter=Q(clerks__is_active=True)))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["merchant", "code"] if obj else []

    @display(description=_("Clerks"), ordering="active")
    def clerks_active(self, row: Store) -> int:
        return row.active  # type: ignore[attr-defined,no-any-return]
