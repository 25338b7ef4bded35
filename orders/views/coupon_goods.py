"""What a coupon is good for: in words, and the page where one would use it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.snapshot import Snapshot, current
from orders.views.line import english

MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Goods:
    """The goods of a coupon: what they are called and where they are."""

    words: str
    url: str


def goods_of(names: Sequence[str]) -> Goods:
    """Of a scope such as `["category:audio", "sku:NEM-VIP-M"]`, in the reader's language; empty is every good."""
    if not names:
        return Goods(_("everything here"), reverse("catalog:all"))
    known = list(_known(names))
    words = ", ".join(title for title, _url in known[:MOST_NAMED])
    if not words:
        return Goods(_("chosen goods"), reverse("catalog:all"))
    words += " …" if len(names) > MOST_NAMED else ""
    return Goods(words, known[0][1] if len(names) == 1 else reverse("catalog:all"))


def _known(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Title and address of each name that is in the catalogue now."""
    snap = current()
    for name in names:
        kind, _colon, key = name.partition(":")
        found = _READERS[kind](snap, key) if kind in _READERS else None
        if found is not None:
            yield found


def _product(snap: Snapshot, slug: str) -> tuple[str, str] | None:
    row = snap.products.get(snap.product_ids_by_slug.get(slug, 0))
    return (_title(row), reverse("catalog:product", args=[slug])) if row else None


def _sku(snap: Snapshot, code: str) -> tuple[str, str] | None:
    sku = snap.skus.get(snap.sku_ids_by_code.get(code, 0))
    product = sku and snap.products.get(sku.product_id)
    if not product:
        return None
    address = reverse("catalog:product", args=[product.slug])
    return f"{_title(product)} {_title(sku)}", f"{address}?sku={code}"


def _category(snap: Snapshot, slug: str) -> tuple[str, str] | None:
    row = next((one for one in snap.categories.values() if one.slug == slug), None)
    return (_title(row), reverse("catalog:category", args=[slug])) if row else None


def _brand(snap: Snapshot, slug: str) -> tuple[str, str] | None:
    row = next((one for one in snap.brands.values() if one.slug == slug), None)
    return (_title(row), reverse("catalog:all")) if row else None


def _tag(snap: Snapshot, slug: str) -> tuple[str, str] | None:
    row = next((one for one in snap.tags.values() if one.slug == slug), None)
    return (_title(row), reverse("catalog:all")) if row else None


def _title(row: Any) -> str:
    return str((english() and row.name_en) or row.name)


_READERS: dict[str, Callable[[Snapshot, str], tuple[str, str] | None]] = {
    "product": _product, "sku": _sku, "category": _category, "brand": _brand, "tag": _tag,
}  # fmt: skip
