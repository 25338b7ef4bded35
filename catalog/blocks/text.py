"""Rich text, rebuilt from an allow-list whenever it is shown."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from catalog.blocks.base import BlockKind, Moment
from catalog.blocks.forms import BlockForm
from catalog.blocks.reading import in_language
from catalog.richtext import MAX_CHARACTERS, sanitize


class TextForm(BlockForm):
    html = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=MAX_CHARACTERS,
        widget=forms.Textarea,
        help_text=gettext_lazy(
            "Plain text, or with the marks p, h2, h3, ul, ol, li, strong, em, blockquote, hr and links."
        ),
    )
    html_en = forms.CharField(
        label=gettext_lazy("Text in English"),
        max_length=MAX_CHARACTERS,
        required=False,
        widget=forms.Textarea,
    )


def _build(params: Mapping[str, Any], at: Moment) -> Mapping[str, Any]:
    return {"html": sanitize(in_language(params, "html", at.language))}


TEXT = BlockKind(
    gettext_lazy("Rich text"), "catalog/blocks/_text.html", _build, TextForm,
    icon="notes", hint=gettext_lazy("Rules, thanks, anything that needs sentences."),
)  # fmt: skip
