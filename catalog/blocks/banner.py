"""A banner: a sentence in color that leads somewhere."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy

from catalog.blocks.base import BlockKind, Moment
from catalog.blocks.forms import BothTexts, HueField, LinkField
from catalog.blocks.reading import hue_of, in_language, own_link


class BannerForm(BothTexts):
    link = LinkField()
    hue = HueField()


def _build(params: Mapping[str, Any], at: Moment) -> Mapping[str, Any]:
    return {
        "text": in_language(params, "text", at.language),
        "link": own_link(params),
        "hue": hue_of(params),
    }


BANNER = BlockKind(
    gettext_lazy("Banner"), "catalog/blocks/_banner.html", _build, BannerForm,
    icon="panorama", hint=gettext_lazy("A sentence in color that leads to a page."),
)  # fmt: skip
