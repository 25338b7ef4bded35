"""Account numbers of games, fuel cards, chat and mail."""

import re
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from catalog.inputs.patterns import UnsafePattern, compiled
from catalog.inputs.spec import Checked, Refused
from catalog.inputs.text import digits_only
from core.masking import mask_mail, mask_middle

LONGEST_MATCHED = 64
_QQ = re.compile(r"[1-9][0-9]{4,10}")
# Sinopec cards have 19 digits and start with 100011; PetroChina cards have 16 and start with 9.
_FUEL_CARDS = {
    "sinopec": (re.compile(r"100011[0-9]{13}"), 19),
    "petrochina": (re.compile(r"9[0-9]{15}"), 16),
}


def check_qq(value: str, params: Mapping[str, Any]) -> Checked:
    """A QQ number: 5 to 11 digits without a leading zero."""
    text = digits_only(value)
    if not _QQ.fullmatch(text):
        raise Refused(_("Enter a QQ number of 5 to 11 digits."))
    return Checked(text, mask_middle(text))


def check_mail(value: str, params: Mapping[str, Any]) -> Checked:
    """A mail address; the domain is lower-cased, the local part is kept as typed."""
    try:
        validate_email(value)
    except ValidationError:
        raise Refused(_("Enter a mail address such as name@example.com.")) from None
    local, _at, domain = value.rpartition("@")
    address = f"{local}@{domain.lower()}"
    return Checked(address, mask_mail(address))


def check_game_uid(value: str, params: Mapping[str, Any]) -> Checked:
    """A numeric game id of `min` to `max` digits (9 to 10 unless told otherwise)."""
    low, high = int(params.get("min", 9)), int(params.get("max", 10))
    text = digits_only(value)
    if not re.fullmatch(rf"[1-9][0-9]{{{low - 1},{high - 1}}}", text):
        raise Refused(
            _("Enter the UID shown in the game: %(low)s to %(high)s digits.")
            % {"low": low, "high": high}
        )
    return Checked(text, mask_middle(text))


def check_choice(value: str, params: Mapping[str, Any]) -> Checked:
    """One of the listed options, by its value: a game server or zone."""
    for option in params.get("options", ()):
        if value == option["value"]:
            return Checked(value, str(option.get("label", value)), str(option.get("label_en", "")))
    raise Refused(_("Choose one of the listed options."))


def check_fuel_card(value: str, params: Mapping[str, Any]) -> Checked:
    """A fuel card number of the company named by `company` (sinopec, petrochina)."""
    company = str(params.get("company", "sinopec"))
    pattern, count = _FUEL_CARDS[company]
    text = digits_only(value)
    if len(text) != count or not text.isascii() or not text.isdigit():
        raise Refused(_("A fuel card number has %(count)s digits.") % {"count": count})
    if not pattern.fullmatch(text):
        raise Refused(
            _("This is not a card number of the right oil company. Check the first digits.")
        )
    return Checked(text, mask_middle(text))


def check_pattern(value: str, params: Mapping[str, Any]) -> Checked:
    """Whatever the operator's regular expression accepts in full (at most 64 characters)."""
    try:
        pattern = compiled(str(params.get("pattern", "")))
    except UnsafePattern:
        raise Refused(_("This field is set up wrongly. Please tell the shop.")) from None
    if len(value) > LONGEST_MATCHED or not pattern.fullmatch(value):
        raise Refused(str(params.get("message") or _("This does not look right. Please check it.")))
    return Checked(value, mask_middle(value))


def check_text(value: str, params: Mapping[str, Any]) -> Checked:
    """Free text of `min` to `max` characters on one line."""
    low, high = int(params.get("min", 1)), min(int(params.get("max", 64)), 200)
    if not low <= len(value) <= high:
        raise Refused(_("Enter %(low)s to %(high)s characters.") % {"low": low, "high": high})
    return Checked(value, mask_middle(value))
