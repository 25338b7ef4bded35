"""A countdown to a moment by the shop's clock, and what stands there when it has come."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from catalog.blocks.base import BlockKind, Moment
from catalog.blocks.forms import BothTexts, HueField, LinkField, MomentField, parse_moment
from catalog.blocks.reading import hue_of, in_language, own_link


class CountdownForm(BothTexts):
    until = MomentField(label=gettext_lazy("Counts to"))
    link = LinkField()
    hue = HueField()
    after = forms.CharField(
        label=gettext_lazy("Says at zero"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("Stands there from that moment on. Empty: the block goes away."),
    )
    after_en = forms.CharField(
        label=gettext_lazy("Says at zero, in English"), max_length=160, required=False
    )


def _build(params: Mapping[str, Any], at: Moment) -> Mapping[str, Any] | None:
    until = parse_moment(params.get("until"))
    after = in_language(params, "after", at.language)
    if until is None or (until <= at.now and not after):
        return None
    return {
        "until": until,
        "is_over": until <= at.now,
        "after": after,
        "text": in_language(params, "text", at.language),
        "link": own_link(params),
        "hue": hue_of(params),
    }


def _moments(params: Mapping[str, Any]) -> Iterable[datetime]:
    until = parse_moment(params.get("until"))
    return () if until is None else (until,)


COUNTDOWN = BlockKind(
    gettext_lazy("Countdown"), "catalog/blocks/_countdown.html", _build, CountdownForm,
    icon="timer", hint=gettext_lazy("Runs to a moment by the shop's clock, then says what you write."),
    moments=_moments,
)  # fmt: skip
