"""What the back office asks when an outside channel is set up."""

import json
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from catalog.models import Channel
from distribution.models import Marketplace


class ConnectionForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80, widget=UnfoldAdminTextInputWidget)
    callback_url = forms.CharField(
        label=_("Address for results"), max_length=200, required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("We post there how each order ended, until it is acknowledged. Public and https."),
    )  # fmt: skip
    addresses = forms.CharField(
        label=_("Allowed addresses"), max_length=400, required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("One address or network in each line; empty: from anywhere."),
    )  # fmt: skip
    recipe = forms.CharField(
        label=_("Recipe"), max_length=1000, required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_('As JSON, such as {"charset": "GBK", "ack": "ok"}; empty for the usual one.'),
    )  # fmt: skip

    def clean_recipe(self) -> dict[str, Any]:
        try:
            found = json.loads(self.cleaned_data["recipe"] or "{}")
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise forms.ValidationError(gettext("This is not a JSON object."))
        return found


class NewMarketForm(ConnectionForm):
    field_order = ("channel", "code")
    channel = forms.ModelChoiceField(
        label=_("Sales channel"), queryset=Channel.objects.none(), widget=UnfoldAdminSelectWidget,
        help_text=_("Its price list and its shares of stock are what the outside channel gets."),
    )  # fmt: skip
    code = forms.SlugField(
        label=_("Code"), max_length=32, widget=UnfoldAdminTextInputWidget,
        help_text=_("Its account in the books carries it; it never changes."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        taken = Marketplace.objects.values("channel")
        free = Channel.objects.filter(is_active=True, is_default=False).exclude(pk__in=taken)
        self.fields["channel"].queryset = free.order_by("code")  # type: ignore[attr-defined]


class LimitForm(forms.Form):
    amount = forms.CharField(
        label=_("Credit limit"), max_length=16, widget=UnfoldAdminTextInputWidget,
        help_text=_("The most it may owe us, like 50000.00"),
    )  # fmt: skip
    why = forms.CharField(label=_("Why"), max_length=200, widget=UnfoldAdminTextInputWidget)


class PaymentForm(forms.Form):
    amount = forms.CharField(
        label=_("Amount"), max_length=16, widget=UnfoldAdminTextInputWidget,
        help_text=_("What came to the bank, like 10000.00"),
    )  # fmt: skip
    number = forms.CharField(
        label=_("The bank's payment number"), max_length=40, widget=UnfoldAdminTextInputWidget
    )


class NoteForm(forms.Form):
    note = forms.CharField(label=_("Why"), max_length=200, widget=UnfoldAdminTextInputWidget)


class DayForm(forms.Form):
    day = forms.DateField(label=_("Day"), widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}))
