"""A file of bundles: its lines, and what each would change."""

import re
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from catalog.importing.plan import ADDED, Pair, Plan, compare, judge_lines
from catalog.importing.rows import CODE, BadRow, check_cells, money_of, read_lines
from catalog.models import Price, Sku
from catalog.models.bundle import MOST_OF_ONE
from catalog.pricing.bundle import dearest
from catalog.states import DeliveryKind

COLUMNS = ("bundle_code", "bundle", "bundle_en", "price_cny", "rule", "parts")
LEAST_PARTS, MOST_PARTS = 2, 20
_CHOOSE = re.compile(r"choose ([1-9][0-9]?) of")
_PART = re.compile(r"(\S+?)(?:\s*[x×*]\s*([1-9][0-9]?))?")


@dataclass(frozen=True, slots=True)
class BundleRow:
    """A line that makes sense by itself. Minor units of CNY.

    `groups` are what is chosen from (None: all of it) and the parts with their units.
    """

    line: int
    code: str
    name: str
    name_en: str
    price_minor: int
    groups: tuple[tuple[int | None, list[tuple[str, int]]], ...]

    @property
    def parts(self) -> list[tuple[str, int]]:
        """All that may be inside."""
        return [part for _choose, parts in self.groups for part in parts]

    @property
    def size(self) -> tuple[str, str]:
        """What stands on its card: three goods, two of four, three goods and one of two."""
        texts = []
        for choose, parts in self.groups:
            units = sum(units for _code, units in parts)
            fixed = f"{units}件", f"{units} goods"
            chosen = f"{len(parts)}选{choose}", f"{choose} of {len(parts)}"
            texts.append(fixed if choose is None else chosen)
        return "+".join(text for text, _en in texts), " + ".join(en for _text, en in texts)


@dataclass(slots=True)
class _Known:
    skus: dict[str, Sku]
    # The price that the file sets, and the lowest of those that it leaves alone.
    prices: dict[str, Price]
    others: dict[str, int]
    lines: dict[str, int] = field(default_factory=dict)


def plan_bundles(content: bytes, *, price_list_id: int) -> Plan[BundleRow]:
    """Judge every line against the shop. Reads only. Raises catalog.importing.rows.UnreadableFile."""
    skus = Sku.objects.select_related("product__product_type").prefetch_related(
        "groups__parts__sku"
    )
    known = _Known({sku.code: sku for sku in skus}, {}, {})
    inside = Price.objects.filter(sku__groups__isnull=False).select_related("sku").distinct()
    for price in inside:
        ours = price.price_list_id == price_list_id and price.min_quantity == 1
        if ours and price.starts_at is None:
            known.prices[price.sku.code] = price
        if not (ours and price.starts_at is None) or price.is_locked:
            lowest = known.others.get(price.sku.code, price.amount_minor)
            known.others[price.sku.code] = min(lowest, price.amount_minor)

    def judge(number: int, cells: dict[str, str]) -> tuple[BundleRow, str, str]:
        row = _parse(number, cells)
        _check_against(row, known)
        sku = known.skus.get(row.code)
        if sku is None:
            return row, ADDED, ""
        return row, *compare(_pairs(row, sku), known.prices.get(row.code), row.price_minor)

    return judge_lines(read_lines(content, COLUMNS), judge, code="bundle_code", name=["bundle"])


def _parse(number: int, cells: dict[str, str]) -> BundleRow:
    check_cells(cells, needed=COLUMNS)
    if not CODE.fullmatch(cells["bundle_code"]):
        raise BadRow(_("bundle_code has 2 to 40 capitals, digits, dots and dashes."))
    price = money_of(cells, "price_cny")
    if not price:
        raise BadRow(_("price_cny must be above zero."))
    rules, sets = (cells[column].split("|") for column in ("rule", "parts"))
    if len(rules) != len(sets):
        raise BadRow(_("rule and parts have as many groups, divided by “|”."))
    groups = tuple(_group(rule.strip(), inside) for rule, inside in zip(rules, sets, strict=True))
    row = BundleRow(
        number, cells["bundle_code"], cells["bundle"], cells["bundle_en"], price, groups
    )
    if len(dict(row.parts)) != len(row.parts):
        raise BadRow(_("A SKU stands twice in parts."))
    if not LEAST_PARTS <= len(row.parts) <= MOST_PARTS:
        raise BadRow(_("A bundle has 2 to %(n)s parts.") % {"n": MOST_PARTS})
    return row


def _group(rule: str, inside: str) -> tuple[int | None, list[tuple[str, int]]]:
    parts = [_part(text.strip()) for text in inside.split(";") if text.strip()]
    if not parts:
        raise BadRow(_("A group of parts is empty."))
    return _choose(rule, len(parts)), parts


def _part(text: str) -> tuple[str, int]:
    match = _PART.fullmatch(text)
    if match is None or int(match[2] or 1) > MOST_OF_ONE:
        raise BadRow(_("parts cannot be read: “%(text)s”.") % {"text": text[:40]})
    return match[1], int(match[2] or 1)


def _choose(rule: str, parts: int) -> int | None:
    if rule == "fixed":
        return None
    match = _CHOOSE.fullmatch(rule)
    if match is None:
        raise BadRow(_("rule is “fixed” or “choose 2 of”."))
    if int(match[1]) >= parts:
        raise BadRow(_("There is nothing to choose: rule takes all of parts."))
    return int(match[1])


def _check_against(row: BundleRow, known: _Known) -> None:
    """What only the other lines and the shop can tell. Raises BadRow."""
    if row.code in known.lines:
        line = known.lines[row.code]
        raise BadRow(_("bundle_code stands in line %(n)s already.") % {"n": line})
    old = known.skus.get(row.code)
    if old is not None and old.product.product_type.delivery_kind != DeliveryKind.BUNDLE:
        raise BadRow(_("bundle_code belongs to goods that are no bundle."))
    for code, _units in row.parts:
        part = known.skus.get(code)
        if part is None:
            raise BadRow(_("There is no SKU “%(code)s”.") % {"code": code[:40]})
        if part.product.product_type.delivery_kind == DeliveryKind.BUNDLE:
            raise BadRow(_("“%(code)s” is a bundle itself.") % {"code": code[:40]})
    cost = dearest(
        [
            (choose, [(known.skus[code].cost_minor or 0) * units for code, units in parts])
            for choose, parts in row.groups
        ]
    )
    minimum = (old.advertised_minimum_minor or 0) if old is not None else 0
    if row.price_minor < max(cost, minimum):
        raise BadRow(_("The price is under the cost of the parts."))
    if known.others.get(row.code, row.price_minor) < cost:
        raise BadRow(_("A price set by hand or dated is under the cost of the parts."))
    known.lines[row.code] = row.line


def _pairs(row: BundleRow, sku: Sku) -> list[Pair]:
    inside = tuple(
        (group.choose, [(part.sku.code, part.quantity) for part in group.parts.all()])
        for group in sku.groups.all()
    )
    return [
        ("bundle", sku.product.name, row.name),
        ("bundle_en", sku.product.name_en, row.name_en),
        ("parts", inside, row.groups),
    ]
