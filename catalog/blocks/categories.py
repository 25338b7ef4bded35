"""The categories that have something on sale, as chips."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy

from catalog.blocks.base import BlockKind, Moment
from catalog.blocks.forms import BlockForm
from catalog.queries import categories, on_sale


def _build(params: Mapping[str, Any], at: Moment) -> Mapping[str, Any] | None:
    filled = {page.category_slug for page in on_sale(at.channel, at.now)}
    rows = [row for row in categories() if row.slug in filled]
    english = at.language.startswith("en")
    chips = [{"slug": row.slug, "name": row.name_en if english else row.name} for row in rows]
    return {"chips": chips} if chips else None


CATEGORIES = BlockKind(
    gettext_lazy("Category chips"), "catalog/blocks/_categories.html", _build, BlockForm,
    icon="category", hint=gettext_lazy("One chip for each category that has goods. Nothing to set."),
)  # fmt: skip
