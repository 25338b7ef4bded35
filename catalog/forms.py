"""Cleaning what comes in by address: words, filters and pages of a list."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from catalog.importing.rows import MAX_BYTES
from catalog.search.find import SORTS
from catalog.states import DeliveryKind
from core.money import LARGEST_MINOR

MAX_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a visitor asked of a list, cleaned; nonsense counts as not asked."""

    query: str
    filters: dict[str, Any]
    page: int

    def kept(self) -> dict[str, str]:
        """The parameters that links to other pages and orders carry on."""
        found = {
            "q": self.query,
            **{name: self.filters[name] for name in ("brand", "tag", "kind", "sort")},
        }
        for name, key in (("min", "lowest_minor"), ("max", "highest_minor")):
            if self.filters[key] is not None:
                found[name] = f"{self.filters[key] / 100:g}"
        return {name: value for name, value in found.items() if value}


class ListForm(forms.Form):
    """Words, filters, order and page; a field that makes no sense is left out, never an error."""

    q = forms.CharField(required=False, max_length=64, strip=True, empty_value="")
    brand = forms.SlugField(required=False, max_length=64)
    category = forms.SlugField(required=False, max_length=64)
    tag = forms.SlugField(required=False, max_length=64)
    kind = forms.ChoiceField(required=False, choices=[("", ""), *DeliveryKind.choices])
    sort = forms.ChoiceField(required=False, choices=[("", ""), *((sort, sort) for sort in SORTS)])
    min = forms.DecimalField(
        required=False, min_value=0, max_value=LARGEST_MINOR // 100, decimal_places=2
    )
    max = forms.DecimalField(
        required=False, min_value=0, max_value=LARGEST_MINOR // 100, decimal_places=2
    )
    page = forms.IntegerField(required=False, min_value=1, max_value=MAX_PAGE)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)

    def chosen(self) -> Chosen:
        """The cleaned choice; a query that is too long is cut."""
        self.is_valid()
        got = self.cleaned_data
        filters = {
            name: got.get(name) or "" for name in ("category", "brand", "tag", "kind", "sort")
        }
        filters["lowest_minor"] = _minor(got.get("min"))
        filters["highest_minor"] = _minor(got.get("max"))
        query = got.get("q") or str(self.data.get("q", ""))[:64].replace("\x00", "").strip()
        return Chosen(query, filters, got.get("page") or 1)


def _minor(amount: Any) -> int | None:
    return None if amount is None else int(amount * 100)


class ImportForm(forms.Form):
    """A catalogue file, to be judged or taken."""

    file = forms.FileField(label=_("Catalogue file (CSV)"), allow_empty_file=False)

    def clean_file(self) -> Any:
        """Refuse what is too large before it is read."""
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(
                _("The file is larger than %(size)s MB."), params={"size": MAX_BYTES >> 20}
            )
        return file
