"""The opening of a page: a promise, and up to three cards of goods."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.blocks.base import BlockKind, Moment
from catalog.blocks.forms import BothTexts, NamesField
from catalog.blocks.reading import in_language
from catalog.faces import offer_face
from catalog.queries import offer
from catalog.snapshot import current

FAN = 3


class HeroForm(BothTexts):
    skus = NamesField(
        label=gettext_lazy("SKUs on the cards"),
        required=False,
        help_text=gettext_lazy("Up to three codes of SKUs; their cards are fanned out."),
    )

    def clean_skus(self) -> list[str]:
        codes: list[str] = self.cleaned_data["skus"]
        unknown = next((code for code in codes if code not in current().sku_ids_by_code), None)
        if unknown is not None:
            raise ValidationError(_("There is no SKU “%(name)s”.") % {"name": unknown})
        return codes[:FAN]


def _build(params: Mapping[str, Any], at: Moment) -> Mapping[str, Any]:
    found = [offer(str(code), at.channel, at.now) for code in list(params.get("skus", ()))[:FAN]]
    faces = [offer_face(one, at.language) for one in found if one is not None]
    return {"text": in_language(params, "text", at.language), "faces": faces}


HERO = BlockKind(
    gettext_lazy("Opening with cards"), "catalog/blocks/_hero.html", _build, HeroForm,
    icon="auto_awesome", hint=gettext_lazy("A large title, what the shop promises, three cards."),
)  # fmt: skip
