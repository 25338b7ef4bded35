"""One line of a catalogue file, checked for everything that needs no database."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from catalog.states import ValidityKind
from core.cells import as_written
from core.money import BadMoney, parse_minor

MAX_BYTES = 8 * 1024 * 1024
MAX_LINES = 20_000
COLUMNS = (
    "category", "category_en", "brand", "brand_en", "product", "product_en", "sku_code", "sku",
    "sku_en", "type", "input_fields", "face_value_cny", "market_price_cny", "cost_cny",
    "price_cny", "validity", "guide", "guide_en", "tags",
)  # fmt: skip
_NEEDED = (
    "category", "category_en", "brand", "brand_en", "product", "product_en", "sku_code", "sku", "sku_en",
)  # fmt: skip
_LONGEST = {
    "category": 40, "category_en": 60, "brand": 40, "brand_en": 60, "product": 80,
    "product_en": 120, "sku": 60, "sku_en": 80, "guide": 4000, "guide_en": 4000,
}  # fmt: skip
CODE = re.compile(r"[A-Z0-9][A-Z0-9._-]{1,39}")
_VALIDITY = re.compile(r"([1-9][0-9]{0,3})_(days|months)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
CURRENCY = "CNY"


class UnreadableFile(ValueError):
    """The file as a whole cannot be read; the message is translated."""


class BadRow(ValueError):
    """A line cannot be taken; the message is translated and names the column."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line that makes sense by itself. Money in minor units of CNY."""

    line: int
    category: str
    category_en: str
    brand: str
    brand_en: str
    product: str
    product_en: str
    sku_code: str
    sku: str
    sku_en: str
    type_code: str
    face_minor: int | None
    market_minor: int | None
    cost_minor: int | None
    price_minor: int
    validity_kind: str
    validity_days: int | None
    validity_months: int | None
    guide: str
    guide_en: str
    tags: tuple[str, ...]


def read_lines(
    content: bytes, columns: tuple[str, ...] = COLUMNS
) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and columns of every line. UTF-8 (with or without BOM) or GB18030.

    Raises UnreadableFile for too large a file, missing columns or an encoding of no such kind.
    """
    if len(content) > MAX_BYTES:
        raise UnreadableFile(_("The file is larger than %(size)s MB.") % {"size": MAX_BYTES >> 20})
    reader = csv.DictReader(io.StringIO(_decode(content), newline=""), strict=True)
    missing = [name for name in columns if name not in (reader.fieldnames or ())]
    if missing:
        raise UnreadableFile(
            _("These columns are missing: %(names)s.") % {"names": ", ".join(missing)}
        )
    try:
        for number, line in enumerate(reader, start=1):
            if number > MAX_LINES:
                raise UnreadableFile(_("The file has more than %(n)s lines.") % {"n": MAX_LINES})
            yield (
                reader.line_num,
                {name: as_written((line.get(name) or "").strip()) for name in columns},
            )
    except csv.Error as error:
        raise UnreadableFile(
            _("The file is not well-formed CSV: %(why)s.") % {"why": error}
        ) from error


def parse_row(number: int, cells: dict[str, str]) -> Row:
    """A line as a Row. Raises BadRow with the first reason why not."""
    _check_text(cells)
    cost, price = money_of(cells, "cost_cny"), money_of(cells, "price_cny")
    if price is None:
        raise BadRow(_("price_cny is missing."))
    if price <= 0:
        raise BadRow(_("price_cny must be above zero."))
    if cost is not None and price < cost:
        raise BadRow(_("The price is under the cost."))
    kind, days, months = _validity(cells["validity"])
    return Row(
        line=number,
        category=cells["category"],
        category_en=cells["category_en"],
        brand=cells["brand"],
        brand_en=cells["brand_en"],
        product=cells["product"],
        product_en=cells["product_en"],
        sku_code=cells["sku_code"],
        sku=cells["sku"],
        sku_en=cells["sku_en"],
        type_code=_type_code(cells["type"], cells["input_fields"]),
        face_minor=money_of(cells, "face_value_cny"),
        market_minor=money_of(cells, "market_price_cny"),
        cost_minor=cost,
        price_minor=price,
        validity_kind=kind,
        validity_days=days,
        validity_months=months,
        guide=cells["guide"],
        guide_en=cells["guide_en"],
        tags=tuple(
            dict.fromkeys(tag.strip() for tag in re.split(r"[;,、|]", cells["tags"]) if tag.strip())
        ),
    )


def _decode(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableFile(_("The file is neither UTF-8 nor GBK text."))


def _check_text(cells: dict[str, str]) -> None:
    check_cells(cells, needed=_NEEDED)
    if not CODE.fullmatch(cells["sku_code"]):
        raise BadRow(_("sku_code has 2 to 40 capitals, digits, dots and dashes."))


def check_cells(cells: dict[str, str], *, needed: tuple[str, ...]) -> None:
    """What is wrong with any line's text. Raises BadRow."""
    for name in needed:
        if not cells[name]:
            raise BadRow(_("%(column)s is missing.") % {"column": name})
    for name, value in cells.items():
        if _CONTROL.search(value):
            raise BadRow(_("%(column)s has invisible characters.") % {"column": name})
        if value[:1] in ("=", "@") or (value[:1] in ("+", "-") and not name.endswith("_cny")):
            raise BadRow(_("%(column)s looks like a formula.") % {"column": name})
        if len(value) > _LONGEST.get(name, 200):
            raise BadRow(
                _("%(column)s is longer than %(n)s characters.")
                % {"column": name, "n": _LONGEST.get(name, 200)}
            )


def money_of(cells: dict[str, str], name: str) -> int | None:
    """An amount in minor units of CNY, or None for an empty cell. Raises BadRow."""
    if not cells[name]:
        return None
    try:
        amount = parse_minor(cells[name], CURRENCY)
    except BadMoney:
        raise BadRow(
            _("%(column)s is not an amount: “%(text)s”.")
            % {"column": name, "text": cells[name][:20]}
        ) from None
    if amount < 0:
        raise BadRow(_("%(column)s is negative.") % {"column": name})
    return amount


def _validity(text: str) -> tuple[str, int | None, int | None]:
    if text in ("", "none"):
        return ValidityKind.NONE.value, None, None
    if text == "on_delivery":
        return ValidityKind.ON_DELIVERY.value, None, None
    match = _VALIDITY.fullmatch(text)
    if match is None:
        raise BadRow(_("validity is unknown: “%(text)s”.") % {"text": text[:20]})
    count = int(match[1])
    if match[2] == "days":
        return ValidityKind.FROM_PURCHASE.value, count, None
    return ValidityKind.FROM_PURCHASE.value, None, count


def _type_code(kind: str, fields: str) -> str:
    """`topup` with `game_uid,game_server` is the type `topup-game-uid-game-server`."""
    parts = [kind, *(part.strip() for part in fields.split(",") if part.strip())]
    return "-".join(part.lower().replace("_", "-") for part in parts)
