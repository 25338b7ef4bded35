"""Cleaning of what buyers type. No form decides anything."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.payments import registry
from orders.services.quote import MOST_UNITS, Item
from risk.values import NotAValue, normal

LONGEST = 254
INPUT_PREFIX = "in_"
MOST_INPUTS = 12
PICK = "pick"
MOST_PICKS = 24
LONGEST_CODES = 120
MOST_BALANCE = 1_000_000_000_000


class ContactField(forms.CharField):
    """A phone or a mail address; cleans to (kind, text in its one spelling)."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        kind = "mail" if "@" in text else "phone"
        try:
            return (kind, normal(kind, text))
        except NotAValue:
            raise forms.ValidationError(_("Enter a mobile number or a mail address.")) from None


class PlaceForm(forms.Form):
    """The checkout form and the product page's short one."""

    contact = ContactField(
        label=_("Mobile number or mail"),
        help_text=_("To find your order again. No account is made."),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )
    secret = forms.CharField(label=_("Look-up secret"), max_length=64, min_length=4, required=False)
    consent = forms.BooleanField(
        label=_("Deliver at once"),
        error_messages={"required": _("Please agree to delivery at once.")},
    )
    provider = forms.ChoiceField(required=False)
    key = forms.CharField(max_length=64, required=False)
    form_token = forms.CharField(max_length=64, required=False)
    fingerprint = forms.CharField(max_length=32, required=False)
    code = forms.CharField(max_length=LONGEST_CODES, required=False)
    points = forms.IntegerField(min_value=0, max_value=100_000_000, required=False)
    # What of the buyer's balance the page offered to use; empty when they did not tick it.
    balance = forms.IntegerField(min_value=0, max_value=MOST_BALANCE, required=False)
    quoted_minor = forms.IntegerField(min_value=0, required=False)

    def __init__(self, *args: Any, guest: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = registry.offered()
        choices = [(provider.code, provider.title) for provider in offered]
        provider_field = self.fields["provider"]
        assert isinstance(provider_field, forms.ChoiceField)
        provider_field.choices = choices
        if not guest:
            del self.fields["contact"]

    @property
    def token(self) -> str:
        """The form's one-time token, under either of its names."""
        return str(self.cleaned_data.get("form_token") or self.cleaned_data.get("key") or "")

    @property
    def chosen_provider(self) -> str:
        offered = registry.offered()
        return str(self.cleaned_data.get("provider") or (offered[0].code if offered else ""))

    def ask_again(self) -> None:
        """Take the consent back: it was given to another price."""
        self.data = {name: value for name, value in self.data.items() if name != "consent"}


class ItemForm(forms.Form):
    """One good: SKU code and quantity; its inputs are read by `inputs_of`."""

    sku = forms.CharField(max_length=40)
    quantity = forms.IntegerField(min_value=1, max_value=MOST_UNITS, required=False)
    # What the product page showed inside a bundle.
    contents = forms.CharField(max_length=16, required=False)

    def clean_quantity(self) -> int:
        return int(self.cleaned_data.get("quantity") or 1)

    def item(self, data: Any) -> Item:
        """The good as it is asked for, once the form is valid."""
        said = self.cleaned_data
        return Item(
            said["sku"], said["quantity"], inputs_of(data), picks_of(data), said["contents"]
        )


class LookupForm(forms.Form):
    """Number, contact and secret: all three."""

    order = forms.CharField(label=_("Order number"), max_length=64)
    contact = forms.CharField(
        label=_("Mobile number or mail"),
        max_length=LONGEST,
        widget=forms.TextInput(attrs={"autocomplete": "email"}),
    )
    secret = forms.CharField(
        label=_("Look-up secret"),
        max_length=64,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )


def inputs_of(data: Any) -> dict[str, str]:
    """What a form says for the fields of a good (`in_<key>`), unchecked and bounded."""
    named = [name for name in data if name.startswith(INPUT_PREFIX)][:MOST_INPUTS]
    return {name.removeprefix(INPUT_PREFIX): str(data[name])[:LONGEST] for name in named}


def picks_of(data: Any) -> tuple[str, ...]:
    """The SKU codes that a form chooses inside a bundle, unchecked and bounded."""
    return tuple(dict.fromkeys(str(code)[:40] for code in data.getlist(PICK)[:MOST_PICKS]))


class DrawForm(forms.Form):
    """A draw: the player's own words, the form's one-time token, and whose link they came by."""

    words = forms.CharField(max_length=64)
    form_token = forms.CharField(max_length=64)
    sharer = forms.CharField(max_length=200, required=False)


class ChanceCodeForm(forms.Form):
    code = forms.CharField(max_length=32)


class ExchangeForm(forms.Form):
    """An exchange code; a guest also says how to be reached."""

    code = forms.CharField(
        label=_("Your exchange code"), max_length=64,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )  # fmt: skip
    contact = ContactField(
        label=_("Mobile number or mail"),
        help_text=_("What the code gives is sent there too. No account is made."),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )
    form_token = forms.CharField(max_length=64, widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, guest: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not guest:
            del self.fields["contact"]
