"""The terms of every kind of promotion in plain words, for buyers and for operators."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from catalog.snapshot import current
from core.money import format_minor
from orders.promotions.hints import Hint
from orders.promotions.rules.base import Terms
from orders.promotions.rules.reading import WHOLE_BP
from orders.views.line import english

Params = Mapping[str, Any]
HALF_BP = WHOLE_BP // 2


def terms_words(key: str, params: Params, currency: str = "CNY") -> str:
    """What a promotion gives, as "满 100 减 10"; "" for a kind without words. Money in minor units."""
    found = _WORDS.get(key)
    return found(params, currency) if found else ""


def words_of(terms: Terms, currency: str = "CNY") -> str:
    """As `terms_words`, of terms that were read."""
    return terms_words(terms.key, terms.params(), currency)


def rate_words(off_bp: int) -> str:
    """A share taken off: "15%" in English, "8.5 折" in Chinese."""
    if english():
        return f"{_short(Decimal(off_bp) / 100)}%"
    return f"{_short(Decimal(WHOLE_BP - off_bp) / 1000)} 折"


def hint_words(hint: Hint, currency: str) -> str:
    """What is missing in the cart, and what it brings."""
    told = {
        "missing": format_minor(hint.missing_minor, currency),
        "units": hint.missing_units,
        "gain": format_minor(hint.gain_minor, currency),
    }
    if hint.missing_units:
        if hint.gift:
            return _("%(units)s more and a gift is yours") % told
        return _("%(units)s more and you save %(gain)s") % told
    if hint.gift:
        return _("%(missing)s more and a gift is yours") % told
    return _("%(missing)s more and you save %(gain)s") % told


def plain(minor: int, currency: str = "CNY") -> str:
    """An amount as it stands in a slogan: "10", "9.90"; the sign goes with it in English."""
    text = format_minor(minor, currency)
    text = text.removesuffix(".00")
    return text if english() else text.lstrip("¥")


def _short(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _special(params: Params, currency: str) -> str:
    return _("Now %(price)s each") % {"price": format_minor(params["unit_minor"], currency)}


def _percent(params: Params, currency: str) -> str:
    told = {
        "rate": rate_words(params["off_bp"]),
        "from": plain(params.get("from_minor", 0), currency),
        "most": plain(params.get("most_minor", 0), currency),
    }
    free = params["off_bp"] == WHOLE_BP
    if params.get("from_minor"):
        text = _("free from %(from)s on") if free else _("%(rate)s off from %(from)s on")
    else:
        text = _("free") if free else _("%(rate)s off")
    if params.get("most_minor"):
        text = f"{text}{_(', at most %(most)s')}"
    return text % told


def _amount(params: Params, currency: str) -> str:
    steps = [part.split(":") for part in str(params.get("steps", "")).split(",") if part]
    pairs = [(int(start), int(off)) for start, off in steps]
    told = [
        _step(start, off, currency)
        for start, off in pairs or [(params["from_minor"], params["off_minor"])]
    ]
    text = _(", ").join(told)
    return _("%(terms)s, each time") % {"terms": text} if params.get("again") else text


def _step(start: int, off: int, currency: str) -> str:
    told = {"from": plain(start, currency), "off": plain(off, currency)}
    return (_("%(off)s off from %(from)s on") if start else _("%(off)s off")) % told


def _nth(params: Params, currency: str) -> str:
    nth, off_bp = params["nth"], params["off_bp"]
    if off_bp == WHOLE_BP:
        return _("Buy %(paid)s, get one free") % {"paid": nth - 1}
    told = {"nth": nth, "rate": rate_words(off_bp)}
    if off_bp == HALF_BP:
        return _("Second at half price") if nth == 2 else _("Every %(nth)s. at half price") % told  # noqa: PLR2004
    return _("Every %(nth)s. %(rate)s off") % told


def _several(params: Params, currency: str) -> str:
    told = {"units": params["units"], "price": plain(params["price_minor"], currency)}
    return _("%(units)s for %(price)s") % told


def _gift(params: Params, currency: str) -> str:
    told = {
        "gift": sku_words(str(params.get("sku", ""))),
        "units": params.get("units", 1),
        "from": plain(params.get("from_minor", 0), currency),
        "from_units": params.get("from_units", 0),
    }
    if params.get("from_minor"):
        return _("Gift from %(from)s on: %(gift)s × %(units)s") % told
    if params.get("from_units"):
        return _("Gift with %(from_units)s: %(gift)s × %(units)s") % told
    return _("Gift: %(gift)s × %(units)s") % told


def _points(params: Params, currency: str) -> str:
    return _("Paid with points")


def sku_words(code: str) -> str:
    """A good's name in the reader's language, its code when it is gone."""
    snap = current()
    sku_id = snap.sku_ids_by_code.get(code)
    if sku_id is None:
        return code
    sku = snap.skus[sku_id]
    product = snap.products[sku.product_id]
    if english():
        return f"{product.name_en or product.name} {sku.name_en or sku.name}".strip()
    return f"{product.name} {sku.name}".strip()


_WORDS: dict[str, Callable[[Params, str], str]] = {
    "special_price": _special,
    "percent_off": _percent,
    "amount_off": _amount,
    "nth_unit": _nth,
    "several_for": _several,
    "gift_with": _gift,
    "points": _points,
}
