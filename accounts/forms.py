"""Forms of signing up and in, and of the profile. Rules are in services; these say what was typed."""

from typing import Any

from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.forms import SignupForm as AllauthSignupForm
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.contacts import Contact, read_contact
from accounts.models import User
from core import clock, limits
from core.crypto import sha256_hex
from risk.requests import client_ip
from risk.services.assess import assess
from risk.values import MAX_VALUE, NotAValue

TOTP_SECONDS = 30


class PhoneField(forms.CharField):
    """A phone as people type it; cleaned to E.164, Chinese when it does not say its country."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Phone number"))
        kwargs.setdefault("max_length", 24)
        kwargs.setdefault(
            "widget",
            forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
        )
        super().__init__(**kwargs)

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        if not text:
            return ""
        try:
            return read_contact(text, kind="phone").value
        except NotAValue as error:
            raise ValidationError(error.args[0], code="invalid_phone") from error


class LoginForm(AllauthLoginForm):
    """Phone or mail address with a password; the labels say enough, so nothing is written into the fields."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("Mobile number or mail")
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class SignupForm(AllauthSignupForm):
    """A phone or a mail address, one is enough; a password is optional, codes always work."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("email", "phone", "password1"):
            self.fields[name].required = False
            self.fields[name].widget.is_required = False
        self.fields["email"].label = _("E-mail")
        self.fields["email"].max_length = MAX_VALUE
        self.fields["phone"].label = _("Phone number")
        self.fields["password1"].label = _("Password (optional)")
        self.fields["password1"].widget.attrs.pop("placeholder", None)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        if self.errors:
            return cleaned
        typed = cleaned.get("phone") or cleaned.get("email")
        if not typed:
            raise ValidationError(_("Enter a phone number or an e-mail address."), code="required")
        self._assess(read_contact(typed))
        return cleaned

    def _assess(self, contact: Contact) -> None:
        from allauth.core import context

        assessment = assess(
            point="register",
            subject=contact.masked,
            now=clock.now(),
            facts={"ip": client_ip(context.request), "contact": contact.fact},
        )
        if assessment.stops:
            raise ValidationError(assessment.message, code=assessment.reason)


class _CountedCode(forms.Form):
    """Second-factor codes: five wrong ones in 15 minutes, no code twice; counted in PostgreSQL."""

    user: User

    def clean_code(self) -> str:
        now, person = clock.now(), self.user.public_id
        if not limits.hit(f"mfa:{person}", limit=5, seconds=900, now=now):
            raise ValidationError(_("That was too often. Please wait a little and try again."))
        code: str = super().clean_code()  # type: ignore[misc]
        # A code lives for one step of 30 seconds, which is one window of this limit.
        key = f"totp:{person}:{sha256_hex(code.strip().encode())[:32]}"
        if not limits.hit(key, limit=1, seconds=TOTP_SECONDS, now=now):
            raise ValidationError(_("This code was used already. Wait for the next one."))
        limits.give_back(f"mfa:{person}", units=1)
        return code


class SecondFactorForm(_CountedCode, AuthenticateForm):
    """At signing in."""


class SecondFactorAgainForm(_CountedCode, ReauthenticateForm):
    """Before something that asks for it again."""


class ProfileForm(forms.ModelForm):
    """Name and language."""

    class Meta:
        model = User
        fields = ("display_name", "language")
        widgets = {
            "display_name": forms.TextInput(attrs={"autocomplete": "nickname", "maxlength": 60})
        }
