"""Blocks whose content belongs to a floor above: they name its fragment and fetch it.

A shop without that floor shows nothing there, so a page may be built before the floor is.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from catalog.blocks.base import BlockKind, Moment
from catalog.blocks.forms import BlockForm, BothTexts
from catalog.blocks.fragments import FRAGMENTS
from catalog.blocks.reading import in_language, number

MOST = 12


class LiveForm(BothTexts):
    limit = forms.IntegerField(
        label=gettext_lazy("How many at most"), min_value=1, max_value=MOST, required=False
    )


class FlashForm(LiveForm):
    sale = forms.SlugField(
        label=gettext_lazy("Which sale"),
        max_length=48,
        required=False,
        help_text=gettext_lazy("Its address. Empty: the sales that run now."),
    )


def live_kind(
    name: str,
    title: Promise,
    *,
    icon: str,
    hint: Promise,
    form: type[BlockForm] = LiveForm,
    usual: int = 6,
    rows: str = "cards",
) -> BlockKind:
    """A kind of block that fetches the fragment registered under `name`; `rows` shapes the wait."""
    return BlockKind(
        title, "catalog/blocks/_live.html", _build_of(name, usual, rows), form,
        icon=icon, hint=hint, is_live=True,
    )  # fmt: skip


def _build_of(
    name: str, usual: int, rows: str
) -> Callable[[Mapping[str, Any], Moment], Mapping[str, Any] | None]:
    def build(params: Mapping[str, Any], at: Moment) -> Mapping[str, Any] | None:
        fragment = FRAGMENTS.find(name)
        if fragment is None:
            return None
        query = {
            "limit": number(params, "limit", usual=usual, most=MOST),
            "sale": str(params.get("sale", "")),
        }
        return {
            "url": fragment.address(query),
            "page": fragment.page,
            "text": in_language(params, "text", at.language),
            "rows": rows,
        }

    return build


COUPONS = live_kind(
    "coupons", gettext_lazy("Coupon strip"), icon="confirmation_number", rows="tickets", form=LiveForm,
    hint=gettext_lazy("Coupons that anybody may take now."),
)  # fmt: skip
FLASH = live_kind(
    "flash", gettext_lazy("Flash-sale rail"), icon="bolt", form=FlashForm,
    hint=gettext_lazy("Goods of a flash sale, with what is left of them."),
)  # fmt: skip
RECOMMENDED = live_kind(
    "recommended", gettext_lazy("Recommendations"), icon="recommend", form=LiveForm,
    hint=gettext_lazy("What this visitor may like."),
)  # fmt: skip
VIEWED = live_kind(
    "viewed", gettext_lazy("Recently viewed"), icon="history", form=LiveForm,
    hint=gettext_lazy("What this visitor looked at last; kept in the browser alone."),
)  # fmt: skip
