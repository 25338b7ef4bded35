"""A row of cards, each of which leads to a page."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.blocks.base import BlockKind, Moment
from catalog.blocks.forms import BlockForm, HueField, LinkField
from catalog.blocks.reading import hue_of, in_language, own_link

MOST = 4


class CardsForm(BlockForm):
    """Up to four cards; settings are flat: title_1, link_1, …"""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for n in range(1, MOST + 1):
            label = _("Card %(n)s") % {"n": n}
            self.fields[f"title_{n}"] = forms.CharField(label=label, max_length=30, required=n == 1)
            self.fields[f"title_{n}_en"] = forms.CharField(
                label=_("%(card)s in English") % {"card": label}, max_length=40, required=False
            )
            self.fields[f"link_{n}"] = LinkField(label=_("Leads to"), help_text="")
            self.fields[f"hue_{n}"] = HueField()
            self.fields[f"hue_{n}"].help_text = ""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for n in range(1, MOST + 1):
            if (
                data.get(f"title_{n}")
                and not data.get(f"link_{n}")
                and not self.has_error(f"link_{n}")
            ):
                self.add_error(f"link_{n}", _("A card leads somewhere."))
        return data


def _build(params: Mapping[str, Any], at: Moment) -> Mapping[str, Any] | None:
    found = [
        {
            "title": in_language(params, f"title_{n}", at.language),
            "link": own_link(params, f"link_{n}"),
            "hue": hue_of(params, f"hue_{n}"),
        }
        for n in range(1, MOST + 1)
    ]
    cards = [card for card in found if card["title"] and card["link"]]
    return {"cards": cards} if cards else None


CARDS = BlockKind(
    gettext_lazy("Row of cards"), "catalog/blocks/_cards.html", _build, CardsForm,
    icon="grid_view", hint=gettext_lazy("Two to four ways on, side by side."),
)  # fmt: skip
