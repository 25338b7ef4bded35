"""A heading or a line that parts one half of a page from the other."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from catalog.blocks.base import BlockKind, Moment
from catalog.blocks.forms import BothTexts
from catalog.blocks.reading import in_language


class HeadingForm(BothTexts):
    line = forms.BooleanField(label=gettext_lazy("With a line above"), required=False)


def _build(params: Mapping[str, Any], at: Moment) -> Mapping[str, Any]:
    return {"text": in_language(params, "text", at.language), "line": params.get("line") is True}


HEADING = BlockKind(
    gettext_lazy("Heading or line"), "catalog/blocks/_heading.html", _build, HeadingForm,
    icon="horizontal_rule", hint=gettext_lazy("Parts a long page. Without a title: a line alone."),
)  # fmt: skip
