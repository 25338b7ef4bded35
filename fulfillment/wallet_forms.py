"""What holders type: to whom a gift goes and with which words, and how they want to be reminded."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.contacts import Contact, read_contact
from fulfillment.services.wallet.give import CARDS, LONGEST_GREETING, LONGEST_NAME
from risk.values import NotAValue

CARD_NAMES = {
    "spring": _("Blossom"), "birthday": _("Birthday"), "thanks": _("Thank you"),
    "cheer": _("Cheers"), "moon": _("Moon"), "plain": _("Plain"),
}  # fmt: skip


class ContactField(forms.CharField):
    """A phone or a mail address; cleans to a Contact, None when empty."""

    widget = forms.TextInput(attrs={"autocomplete": "off", "inputmode": "email"})

    def clean(self, value: Any) -> Contact | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            return read_contact(text)
        except NotAValue:
            raise forms.ValidationError(_("Enter a mobile number or a mail address.")) from None


class GiftForm(forms.Form):
    """The card: a picture, who it is from, a few words, and where the link goes, if anywhere."""

    card = forms.ChoiceField(choices=[(card, CARD_NAMES[card]) for card in CARDS], initial=CARDS[0])
    sender = forms.CharField(
        label=_("Your name on the card"), max_length=LONGEST_NAME, required=False
    )
    greeting = forms.CharField(
        label=_("A few words"),
        max_length=LONGEST_GREETING,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    to = ContactField(
        label=_("Friend's mobile number or mail"),
        max_length=120,
        required=False,
        help_text=_("Leave it empty if you pass the link on yourself, in a chat for example."),
    )


class LinkForm(forms.Form):
    """Where a one-time link goes."""

    to = ContactField(label=_("Mobile number or mail"), max_length=120)


class ActivationForm(forms.Form):
    """What goods are bound to, where it has to be typed."""

    value = forms.CharField(max_length=64, required=False)
    nonce = forms.CharField(max_length=64, required=False)


class ReminderForm(forms.Form):
    """By mail, by SMS, by both or not at all."""

    by_mail = forms.BooleanField(label=_("Remind me by mail"), required=False)
    by_sms = forms.BooleanField(label=_("Remind me by SMS"), required=False)
