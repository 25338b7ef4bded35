"""Fields of the promotion screen: a share as people say it, steps, goods by their names."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelect2MultipleWidget, UnfoldAdminTextInputWidget

from catalog.admin.base import MinorField
from catalog.snapshot import current
from core.admin.readable import NOTHING, READERS
from core.naming import named
from orders.promotions.rules.reading import WHOLE_BP

FOLD = re.compile(r"^(\d(?:\.\d{1,3})?)\s*折$")
PERCENT = re.compile(r"^(\d{1,3}(?:\.\d{1,2})?)\s*%?$")
STEPS = 4


class RateField(forms.Field):
    """Hundredths of a percent taken off; typed as "15", "15%" or "8.5 折"."""

    widget = UnfoldAdminTextInputWidget

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, int):
            return value
        return f"{Decimal(value) / 100:f}".rstrip("0").rstrip(".") + "%"

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").strip()
        if not text:
            return None
        if fold := FOLD.match(text):
            off = WHOLE_BP - int(Decimal(fold[1]) * 1000)
        elif percent := PERCENT.match(text):
            off = int(Decimal(percent[1]) * 100)
        else:
            raise forms.ValidationError(_("Write 15%, or 8.5 折."))
        if not 0 < off <= WHOLE_BP:
            raise forms.ValidationError(_("Between 0.01% and 100%."))
        return off


class StepsWidget(forms.MultiWidget):
    """Two amounts a row; they say what they are, as a row has no labels of its own."""

    def __init__(self) -> None:
        said = (gettext_lazy("From a sum of"), gettext_lazy("so much off"))
        attrs = [{"placeholder": text, "aria-label": text} for text in said]
        super().__init__([UnfoldAdminTextInputWidget(attrs=attrs[n % 2]) for n in range(STEPS * 2)])

    def decompress(self, value: Any) -> list[Any]:
        return [""] * (STEPS * 2)


class StepsField(forms.MultiValueField):
    """Up to four steps: from this sum on, so much off. Empty rows are left out."""

    def __init__(self, **kwargs: Any) -> None:
        fields = tuple(MinorField(required=False) for _n in range(STEPS * 2))
        super().__init__(fields, widget=StepsWidget(), require_all_fields=False, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        if not value or not isinstance(value[0], list):
            return value
        shown = [MinorField().prepare_value(amount) for step in value for amount in step]
        return [*shown, *[""] * (STEPS * 2 - len(shown))]

    def compress(self, data_list: list[Any]) -> list[list[int]]:
        pairs = zip(data_list[::2], data_list[1::2], strict=True)
        return [[start or 0, off or 0] for start, off in pairs if start is not None or off]


def goods_field(label: Any, help_text: Any = "") -> forms.MultipleChoiceField:
    """Goods of any number, found by name; give it `goods_choices`."""
    return forms.MultipleChoiceField(
        label=label, required=False, help_text=help_text, widget=UnfoldAdminSelect2MultipleWidget()
    )


def goods_choices(*, kept: list[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Everything goods can be named by, under what it is; `kept` names stay even if they are gone."""
    snap = current()
    groups = [
        (_("Categories"), [(f"category:{one.slug}", named(one)) for one in snap.categories.values()]),
        (_("Brands"), [(f"brand:{one.slug}", named(one)) for one in snap.brands.values()]),
        (_("Tags"), [(f"tag:{one.slug}", named(one)) for one in snap.tags.values()]),
        (_("Products"), [(f"product:{one.slug}", named(one)) for one in snap.products.values()]),
        (_("SKUs"), [(f"sku:{code}", label) for code, label in sku_choices()]),
    ]  # fmt: skip
    known = {name for _group, rows in groups for name, _label in rows}
    gone = [(name, name) for name in kept if name not in known]
    return [*groups, (_("No longer there"), gone)] if gone else groups


def channel_choices() -> list[tuple[str, str]]:
    """Channels by code, with their names."""
    return [(one.code, one.name) for one in current().channels.values()]


def channel_words(codes: list[str]) -> str:
    """Channels as people know them; those that are gone by their code. None chosen: all."""
    names = dict(channel_choices())
    return _(", ").join(names.get(code, code) for code in codes) or _("all channels")


def sku_choices() -> list[tuple[str, str]]:
    """Goods by code, with their names."""
    snap = current()
    return [
        (sku.code, f"{named(snap.products[sku.product_id])} {named(sku)} · {sku.code}")
        for sku in sorted(snap.skus.values(), key=lambda one: one.code)
    ]


def goods_words(names: list[str]) -> str:
    """The goods something is for; none chosen: everything."""
    return names_words(names) or _("everything")


def names_words(names: list[str]) -> str:
    """Names of goods as people read them."""
    labels = {name: label for _group, rows in goods_choices(kept=names) for name, label in rows}
    return _(", ").join(labels[name] for name in names)


READERS.register("channels", channel_words)
READERS.register("goods", goods_words)
READERS.register("goods_left_out", lambda names: names_words(names) or NOTHING)
