"""A rail of products: picked by hand, or by what they are."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from catalog.blocks.base import BlockKind, Moment
from catalog.blocks.forms import MAX_ITEMS, BlockForm, NamesField
from catalog.blocks.reading import number
from catalog.faces import product_card
from catalog.offers import ProductPage
from catalog.queries import on_sale
from catalog.snapshot import Snapshot, current

USUAL = 8
SOURCES = (
    ("hot", gettext_lazy("What sells now")),
    ("new", gettext_lazy("What is new")),
    ("category", gettext_lazy("A category")),
    ("brand", gettext_lazy("A brand")),
    ("tag", gettext_lazy("A tag")),
    ("handpicked", gettext_lazy("Picked by hand")),
    ("all", gettext_lazy("Everything")),
)
SORTS = (
    ("", gettext_lazy("As it comes")),
    ("hot", gettext_lazy("Popular first")),
    ("new", gettext_lazy("Newest first")),
    ("price", gettext_lazy("Price, low first")),
    ("-price", gettext_lazy("Price, high first")),
)
NAMED = ("category", "brand", "tag")


class RailForm(BlockForm):
    source = forms.ChoiceField(label=gettext_lazy("Which goods"), choices=SOURCES)
    slug = forms.ChoiceField(
        label=gettext_lazy("Of which category, brand or tag"),
        required=False,
        choices=lambda: _names(current()),
        error_messages={"invalid_choice": gettext_lazy("There is none called “%(value)s”.")},
    )
    products = NamesField(
        label=gettext_lazy("Picked by hand"),
        required=False,
        help_text=gettext_lazy(
            "Links to products in their order, or addresses such as iqiyi-gold-vip."
        ),
    )
    sort = forms.ChoiceField(label=gettext_lazy("In which order"), choices=SORTS, required=False)
    limit = forms.IntegerField(
        label=gettext_lazy("How many at most"), min_value=1, max_value=MAX_ITEMS, required=False
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        source, slug = data.get("source"), data.get("slug")
        if source in NAMED and not slug:
            self.add_error("slug", _("Say which one."))
        elif source in NAMED and slug not in _slugs(current(), str(source)):
            self.add_error("slug", _("There is none called “%(name)s”.") % {"name": slug})
        if source == "handpicked" and not data.get("products") and "products" not in self.errors:
            self.add_error("products", _("Name at least one product."))
        return data

    def clean_products(self) -> list[str]:
        slugs: list[str] = self.cleaned_data["products"]
        unknown = next((one for one in slugs if one not in current().product_ids_by_slug), None)
        if unknown is not None:
            raise ValidationError(_("There is no product “%(name)s”.") % {"name": unknown})
        return slugs


def _names(snap: Snapshot) -> list[tuple[str, Any]]:
    """What the form offers: every category, brand and tag by its name in the reader's language."""
    english = (get_language() or "").startswith("en")
    titles = {source: title for source, title in SOURCES if source in NAMED}
    found: list[tuple[str, Any]] = [("", "–")]
    for source, title in titles.items():
        rows = {"category": snap.categories, "brand": snap.brands, "tag": snap.tags}[source]
        names = [(row.slug, row.name_en if english else row.name) for row in rows.values()]
        found.append((str(title), names))
    return found


def _slugs(snap: Snapshot, source: str) -> set[str]:
    rows = {"category": snap.categories, "brand": snap.brands, "tag": snap.tags}[source]
    return {row.slug for row in rows.values()}


def _build(params: Mapping[str, Any], at: Moment) -> Mapping[str, Any] | None:
    pages = _sorted(_chosen(params, at), str(params.get("sort") or ""))
    pages = pages[: number(params, "limit", usual=USUAL, most=MAX_ITEMS)]
    source, slug = str(params.get("source", "hot")), str(params.get("slug", ""))
    asked = {"hot": "sort=hot", "new": "sort=new", "tag": f"tag={slug}", "brand": f"brand={slug}"}
    return {
        "cards": [product_card(page, at.language) for page in pages],
        "category": slug if source == "category" else "",
        "query": asked.get(source, ""),
    } if pages else None  # fmt: skip


def _chosen(params: Mapping[str, Any], at: Moment) -> list[ProductPage]:
    source, slug = params.get("source", "hot"), str(params.get("slug", ""))
    shelf = on_sale(at.channel, at.now, level=at.level)
    if source == "handpicked":
        by_slug = {page.slug: page for page in shelf}
        return [by_slug[one] for one in params.get("products", ()) if one in by_slug]
    if source in NAMED:
        return [page for page in shelf if _is_of(page, str(source), slug)]
    if source == "new":
        return [page for page in shelf if _has_tag(page, "new")] or _sorted(list(shelf), "new")
    if source == "hot":
        return _spread([page for page in _sorted(list(shelf), "hot") if not page.is_sold_out])
    return list(shelf)


def _is_of(page: ProductPage, source: str, slug: str) -> bool:
    if source == "tag":
        return _has_tag(page, slug)
    return slug == (page.category_slug if source == "category" else page.brand_slug)


def _sorted(pages: list[ProductPage], order: str) -> list[ProductPage]:
    """In that order; what is alike keeps its place."""
    if order == "new":
        return sorted(pages, key=lambda page: -page.created_at.timestamp())
    if order == "hot":
        return sorted(
            pages, key=lambda page: (-page.popularity, not _has_tag(page, "hot"), page.position)
        )
    if order in ("price", "-price"):
        sign = -1 if order == "-price" else 1
        return sorted(pages, key=lambda page: sign * (page.lowest.unit_minor if page.lowest else 0))
    return pages


def _spread(pages: list[ProductPage]) -> list[ProductPage]:
    """The same order, but the categories take turns, so that a rail shows the breadth of the shop."""
    queues: dict[str, list[ProductPage]] = {}
    for page in pages:
        queues.setdefault(page.category_slug, []).append(page)
    turns = [
        (turn, place) for place, queue in enumerate(queues.values()) for turn in range(len(queue))
    ]
    ordered = list(queues.values())
    return [ordered[place][turn] for turn, place in sorted(turns)]


def _has_tag(page: ProductPage, slug: str) -> bool:
    return any(tag.slug == slug for tag in page.tags)


RAIL = BlockKind(
    gettext_lazy("Product rail"), "catalog/blocks/_rail.html", _build, RailForm,
    icon="view_carousel", hint=gettext_lazy("Goods by category, brand or tag, or picked by hand."),
)  # fmt: skip
