"""Validators by key, as data: what an operator may choose for a field of a product type."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from catalog.inputs.accounts import (
    check_choice,
    check_fuel_card,
    check_game_uid,
    check_mail,
    check_pattern,
    check_qq,
    check_text,
)
from catalog.inputs.patterns import UnsafePattern, compiled
from catalog.inputs.phone import CARRIERS, check_phone
from catalog.inputs.spec import Checked
from catalog.inputs.text import MAX_CHARACTERS


@dataclass(frozen=True, slots=True)
class Validator:
    """A validator: its check, how a browser shows the field, and which parameters it knows."""

    key: str
    title: str | Promise
    check: Callable[[str, Mapping[str, Any]], Checked]
    widget: str = "text"
    inputmode: str = "text"
    autocomplete: str = "off"
    maxlength: int = 64
    params: frozenset[str] = frozenset()


VALIDATORS: dict[str, Validator] = {
    validator.key: validator
    for validator in (
        Validator("phone", _("Mobile number"), check_phone, "tel", "tel", "tel-national", 20,
                  frozenset({"carriers"})),
        Validator("qq", _("QQ number"), check_qq, "text", "numeric", maxlength=16),
        Validator("mail", _("Mail address"), check_mail, "email", "email", "email", 120),
        Validator("game_uid", _("Game id"), check_game_uid, "text", "numeric", maxlength=24,
                  params=frozenset({"min", "max"})),
        Validator("game_server", _("Game server or zone"), check_choice, "select",
                  params=frozenset({"options"})),
        Validator("fuel_card", _("Fuel card"), check_fuel_card, "text", "numeric", maxlength=26,
                  params=frozenset({"company"})),
        Validator("regex", _("Regular expression"), check_pattern,
                  params=frozenset({"pattern", "message"})),
        Validator("text", _("Free text"), check_text, maxlength=200,
                  params=frozenset({"min", "max"})),
    )
}  # fmt: skip


def wrong_params(key: str, params: Mapping[str, Any]) -> str:
    """What is wrong with an operator's parameters for that validator; empty when all is well."""
    validator = VALIDATORS.get(key)
    if validator is None:
        return str(_("There is no such validator."))
    unknown = sorted(set(params) - validator.params)
    if unknown:
        return str(_("Unknown parameter: %(name)s.")) % {"name": ", ".join(unknown)}
    return _WRONG.get(key, _fine)(params)


def _fine(params: Mapping[str, Any]) -> str:
    return ""


def _wrong_carriers(params: Mapping[str, Any]) -> str:
    carriers = params.get("carriers", [])
    if not isinstance(carriers, list) or not set(carriers) <= set(CARRIERS):
        return str(_("carriers is a list of: %(names)s.")) % {"names": ", ".join(CARRIERS)}
    return ""


def _wrong_options(params: Mapping[str, Any]) -> str:
    options = params.get("options")
    right = (
        isinstance(options, list)
        and bool(options)
        and all(isinstance(option, dict) and option.get("value") for option in options)
    )
    return "" if right else str(_("options is a list of entries with value, label and label_en."))


def _wrong_company(params: Mapping[str, Any]) -> str:
    if params.get("company", "sinopec") in ("sinopec", "petrochina"):
        return ""
    return str(_("company is sinopec or petrochina."))


def _wrong_pattern(params: Mapping[str, Any]) -> str:
    try:
        compiled(str(params.get("pattern", "")))
    except UnsafePattern as error:
        return str(_("The pattern is not usable: %(why)s.")) % {"why": error}
    return "" if params.get("pattern") else str(_("pattern is missing."))


def _wrong_bounds(params: Mapping[str, Any]) -> str:
    low, high = params.get("min", 1), params.get("max", 200)
    right = isinstance(low, int) and isinstance(high, int) and 1 <= low <= high <= MAX_CHARACTERS
    return "" if right else str(_("min and max are whole numbers from 1 to 200."))


_WRONG: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "phone": _wrong_carriers,
    "game_server": _wrong_options,
    "fuel_card": _wrong_company,
    "regex": _wrong_pattern,
    "game_uid": _wrong_bounds,
    "text": _wrong_bounds,
}
