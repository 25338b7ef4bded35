"""A file of bundles: its lines, and what each would change."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from catalog.importing.plan import ADDED, CHANGED, REFUSED, SAME, Counts
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
    """A line that makes sense by itself; `choose` is None for a fixed set. Minor units of CNY."""

    line: int
    code: str
    name: str
    name_en: str
    price_minor: int
    choose: int | None
    parts: tuple[tuple[str, int], ...]

    @property
    def size(self) -> tuple[str, str]:
        """What stands on its card: three goods, two of four."""
        if self.choose is not None:
            return f"{len(self.parts)}选{self.choose}", f"{self.choose} of {len(self.parts)}"
        units = sum(units for _code, units in self.parts)
        return f"{units}件", f"{units} goods"


@dataclass(frozen=True, slots=True)
class BundleVerdict:
    """What becomes of a line: added, changed, same or refused, and why (translated)."""

    line: int
    sku_code: str
    name: str
    outcome: str
    reason: str = ""
    row: BundleRow | None = None


@dataclass(frozen=True, slots=True)
class BundlePlan(Counts):
    """All verdicts of a file, in its order."""

    verdicts: Sequence[BundleVerdict]

    @property
    def accepted(self) -> list[BundleRow]:
        return [v.row for v in self.verdicts if v.row is not None and v.outcome in (ADDED, CHANGED)]


@dataclass(slots=True)
class _Known:
    skus: dict[str, Sku]
    # The price that the file sets, and the lowest of those that it leaves alone.
    prices: dict[str, Price]
    others: dict[str, int]
    lines: dict[str, int] = field(default_factory=dict)


def plan_bundles(content: bytes, *, price_list_id: int) -> BundlePlan:
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
    return BundlePlan(
        [_verdict(number, cells, known) for number, cells in read_lines(content, COLUMNS)]
    )


def _verdict(number: int, cells: dict[str, str], known: _Known) -> BundleVerdict:
    code, name = cells["bundle_code"][:40], cells["bundle"][:120]
    try:
        row = _parse(number, cells)
        _check_against(row, known)
        outcome, reason = _compare(row, known)
    except BadRow as bad:
        return BundleVerdict(number, code, name, REFUSED, str(bad))
    return BundleVerdict(number, code, name, outcome, reason, row)


def _parse(number: int, cells: dict[str, str]) -> BundleRow:
    check_cells(cells, needed=COLUMNS)
    if not CODE.fullmatch(cells["bundle_code"]):
        raise BadRow(_("bundle_code has 2 to 40 capitals, digits, dots and dashes."))
    price = money_of(cells, "price_cny")
    if not price:
        raise BadRow(_("price_cny must be above zero."))
    parts = tuple(_part(text.strip()) for text in cells["parts"].split(";") if text.strip())
    codes = [code for code, _units in parts]
    if len(set(codes)) != len(codes):
        raise BadRow(_("A SKU stands twice in parts."))
    if not LEAST_PARTS <= len(parts) <= MOST_PARTS:
        raise BadRow(_("A bundle has 2 to %(n)s parts.") % {"n": MOST_PARTS})
    choose = _choose(cells["rule"], len(parts))
    return BundleRow(
        number, cells["bundle_code"], cells["bundle"], cells["bundle_en"], price, choose, parts
    )


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
    costs = [(known.skus[code].cost_minor or 0) * units for code, units in row.parts]
    minimum = (old.advertised_minimum_minor or 0) if old is not None else 0
    if row.price_minor < max(dearest([(row.choose, costs)]), minimum):
        raise BadRow(_("The price is under the cost of the parts."))
    if known.others.get(row.code, row.price_minor) < dearest([(row.choose, costs)]):
        raise BadRow(_("A price set by hand or dated is under the cost of the parts."))
    known.lines[row.code] = row.line


def _compare(row: BundleRow, known: _Known) -> tuple[str, str]:
    sku = known.skus.get(row.code)
    if sku is None:
        return ADDED, ""
    price = known.prices.get(row.code)
    locked = price is not None and price.is_locked and price.amount_minor != row.price_minor
    kept = _("The price was set by hand and is kept.") if locked else ""
    amount = row.price_minor if locked else (price.amount_minor if price else None)
    pairs = [
        ("bundle", sku.product.name, row.name),
        ("bundle_en", sku.product.name_en, row.name_en),
        ("price_cny", amount, row.price_minor),
        ("parts", _inside(sku), [(row.choose, list(row.parts))]),
    ]
    changed = [name for name, old, new in pairs if old != new]
    if not changed:
        return SAME, kept
    return CHANGED, f"{_('Changes: %(names)s.') % {'names': ', '.join(changed)}} {kept}".strip()


def _inside(sku: Sku) -> list[tuple[int | None, list[tuple[str, int]]]]:
    return [
        (group.choose, [(part.sku.code, part.quantity) for part in group.parts.all()])
        for group in sku.groups.all()
    ]
