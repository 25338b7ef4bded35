"""What a catalogue file would change: every line with its verdict, before anything is written."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django.utils.translation import gettext as _

from catalog.importing.rows import BadRow, Row, parse_row, read_lines
from catalog.models import Price, Product, ProductType, Sku

ADDED, CHANGED, SAME, REFUSED = "added", "changed", "same", "refused"
#: A line that makes sense by itself, of whatever file.
R = TypeVar("R")
Pair = tuple[str, Any, Any]


@dataclass(frozen=True, slots=True)
class Verdict(Generic[R]):
    """What becomes of a line: added, changed, same or refused, and why (translated)."""

    line: int
    sku_code: str
    name: str
    outcome: str
    reason: str = ""
    row: R | None = None


@dataclass(frozen=True, slots=True)
class Plan(Generic[R]):
    """All verdicts of a file, in its order."""

    verdicts: Sequence[Verdict[R]]

    def count(self, outcome: str) -> int:
        """How many lines have that outcome."""
        return sum(verdict.outcome == outcome for verdict in self.verdicts)

    @property
    def counts(self) -> dict[str, int]:
        return {outcome: self.count(outcome) for outcome in (ADDED, CHANGED, SAME, REFUSED)}

    @property
    def accepted(self) -> list[R]:
        return [v.row for v in self.verdicts if v.row is not None and v.outcome in (ADDED, CHANGED)]


def judge_lines(
    lines: Iterable[tuple[int, dict[str, str]]],
    judge: Callable[[int, dict[str, str]], tuple[R, str, str]],
    *,
    code: str,
    name: Sequence[str],
) -> Plan[R]:
    """The verdict of every line: the row, outcome and reason of ``judge``, or the BadRow it raises.

    ``code`` and ``name`` are the columns by which a person knows the line.
    """
    verdicts = []
    for number, cells in lines:
        called = " ".join(cells[column] for column in name).strip()[:120]
        try:
            row, outcome, reason = judge(number, cells)
            verdicts.append(Verdict(number, cells[code], called, outcome, reason, row))
        except BadRow as bad:
            verdicts.append(Verdict(number, cells[code][:40], called, REFUSED, str(bad)))
    return Plan(verdicts)


def compare(pairs: Sequence[Pair], price: Price | None, price_minor: int) -> tuple[str, str]:
    """Whether a line changes what is there: the pairs of old and new, and the price.

    A price that was set by hand stays, which is said and is no change.
    """
    old = price.amount_minor if price is not None else None
    locked = price is not None and price.is_locked and old != price_minor
    kept = _("The price was set by hand and is kept.") if locked else ""
    told = [*pairs, *([] if locked else [("price_cny", old, price_minor)])]
    if changed := [name for name, was, becomes in told if was != becomes]:
        return CHANGED, f"{_('Changes: %(names)s.') % {'names': ', '.join(changed)}} {kept}".strip()
    return SAME, kept


@dataclass(slots=True)
class _Known:
    """What the shop has already, and what the file has said so far."""

    types: dict[str, int]
    skus: dict[str, Any]
    prices: dict[str, Any]
    products: dict[tuple[str, str], Any]
    codes: dict[str, int] = field(default_factory=dict)
    groups: dict[tuple[str, str], Row] = field(default_factory=dict)


def plan_import(content: bytes, *, price_list_id: int) -> Plan[Row]:
    """Judge every line against the shop. Reads only. Raises UnreadableFile."""
    known = _known(price_list_id)

    def judge(number: int, cells: dict[str, str]) -> tuple[Row, str, str]:
        row = parse_row(number, cells)
        _check_against(row, known)
        sku = known.skus.get(row.sku_code)
        if sku is None:
            return row, ADDED, ""
        price = known.prices.get(row.sku_code)
        return row, *compare(_pairs(row, sku), price, row.price_minor)

    return judge_lines(read_lines(content), judge, code="sku_code", name=("product", "sku"))


def _known(price_list_id: int) -> _Known:
    skus = Sku.objects.select_related(
        "product__brand", "product__category", "product__product_type"
    )
    standing = Price.objects.filter(
        price_list_id=price_list_id, min_quantity=1, starts_at__isnull=True
    ).select_related("sku")
    products = Product.objects.select_related("brand", "category", "product_type")
    return _Known(
        types=dict(ProductType.objects.filter(is_active=True).values_list("code", "id")),
        skus={sku.code: sku for sku in skus.prefetch_related("product__tags")},
        prices={price.sku.code: price for price in standing},
        products={(product.brand.name, product.name): product for product in products},
    )


def _check_against(row: Row, known: _Known) -> None:
    """What only the other lines and the shop can tell. Raises BadRow."""
    if row.type_code not in known.types:
        raise BadRow(_("There is no product type “%(code)s”.") % {"code": row.type_code[:64]})
    if row.sku_code in known.codes:
        raise BadRow(_("sku_code stands in line %(n)s already.") % {"n": known.codes[row.sku_code]})
    sku = known.skus.get(row.sku_code)
    key = (row.brand, row.product)
    if sku is not None and (sku.product.brand.name, sku.product.name) != key:
        raise BadRow(
            _("sku_code belongs to another product: “%(name)s”.") % {"name": sku.product.name}
        )
    first = known.groups.get(key)
    if first is not None and first.type_code != row.type_code:
        raise BadRow(_("The product has another type in line %(n)s.") % {"n": first.line})
    if first is not None and first.category != row.category:
        raise BadRow(_("The product has another category in line %(n)s.") % {"n": first.line})
    product = known.products.get(key)
    if product is not None and product.product_type.code != row.type_code:
        raise BadRow(
            _("The product is of the type “%(code)s”.") % {"code": product.product_type.code}
        )
    floor = sku.advertised_minimum_minor if sku is not None else None
    if floor is not None and row.price_minor < floor:
        raise BadRow(_("The price is under the lowest advertised price."))
    known.codes[row.sku_code] = row.line
    known.groups.setdefault(key, row)


def _pairs(row: Row, sku: Sku) -> list[Pair]:
    product = sku.product
    return [
        ("category", product.category.name, row.category),
        ("category_en", product.category.name_en, row.category_en),
        ("brand_en", product.brand.name_en, row.brand_en),
        ("product_en", product.name_en, row.product_en),
        ("sku", sku.name, row.sku),
        ("sku_en", sku.name_en, row.sku_en),
        ("face_value_cny", sku.face_value_minor, row.face_minor),
        ("market_price_cny", sku.market_price_minor, row.market_minor),
        ("cost_cny", sku.cost_minor, row.cost_minor),
        (
            "validity",
            (sku.validity_kind, sku.validity_days, sku.validity_months),
            (row.validity_kind, row.validity_days, row.validity_months),
        ),
        ("guide", product.guide, row.guide),
        ("guide_en", product.guide_en, row.guide_en),
        ("tags", {tag.name for tag in product.tags.all()}, set(row.tags)),
    ]
