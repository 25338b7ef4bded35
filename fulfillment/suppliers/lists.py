"""The two lists a supplier keeps about us: what it sells, and what it charged. Pure.

Every dialect fills the same shapes. What cannot be read is set aside with its reason and never
becomes a price, a stock or an amount (C16, C20).
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from core.foreign import is_text
from core.money import EXPONENTS, LARGEST_MINOR

#: Longest number and name of a good that we keep; the columns end there too.
SKU_CHARACTERS, NAME_CHARACTERS = 64, 200
#: A stock beyond this is a mistake or a way to say "plenty"; neither is a count.
LARGEST_STOCK = 10**9


class Stock(StrEnum):
    """A stock that is no number."""

    UNLIMITED = "unlimited"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Item:
    """One good of a supplier's list. Money in minor units of ``currency``, per unit.

    ``kind`` is ``direct`` or ``card``; ``face_minor`` is None when the list does not say;
    ``on_sale`` is the supplier's own switch. ``name`` is foreign text: escape it where shown.
    """

    supplier_sku: str
    name: str
    kind: str
    cost_minor: int
    currency: str = "CNY"
    face_minor: int | None = None
    stock: int | Stock = Stock.UNKNOWN
    on_sale: bool = True
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """An entry that was not believed: where it stood in its list (from 0), and why."""

    place: int
    why: str
    supplier_sku: str = ""


@dataclass(frozen=True, slots=True)
class CatalogPage:
    """A page of goods. ``next_cursor`` empty ends the list.

    With a ``problem`` nothing is known: it is not an empty list, and nothing may be switched off.
    """

    items: tuple[Item, ...] = ()
    next_cursor: str = ""
    problem: str = ""
    rejected: tuple[Rejected, ...] = ()
    as_of: datetime | None = None


class LineKind(StrEnum):
    """What a line of a statement is about."""

    ORDER = "order"
    REFUND = "refund"
    REVERSAL = "reversal"
    TOPUP = "topup"


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One movement of our prepaid money, as the supplier wrote it down.

    ``amount_minor`` is signed: negative was charged, positive was given back or paid in.
    ``merchant_no`` is our attempt's number, empty for a top-up. Lines that are in the file twice
    are here twice: telling duplicates is the reader's work.
    """

    kind: LineKind
    supplier_no: str
    merchant_no: str
    supplier_sku: str
    quantity: int
    amount_minor: int
    currency: str
    at: datetime
    balance_after_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """A day (Asia/Shanghai) of movements in order of the file.

    With a ``problem`` nothing is known of the day: it is not an empty day. ``raw`` is the file as
    it came, ``digest`` its SHA-256.
    """

    lines: tuple[StatementLine, ...] = ()
    problem: str = ""
    rejected: tuple[Rejected, ...] = ()
    digest: str = ""
    raw: bytes = field(default=b"", repr=False)


def doubt_item(item: Item) -> str:
    """Why a good is not believed, empty when it may be: the checks that all dialects share.

    A price of nothing, below nothing or beyond any honest one is refused (C16).
    """
    face, stock = item.face_minor, item.stock
    sound = {
        "bad_sku": is_text(item.supplier_sku) and 1 <= len(item.supplier_sku) <= SKU_CHARACTERS,
        "bad_name": is_text(item.name) and len(item.name) <= NAME_CHARACTERS,
        "bad_kind": item.kind in ("direct", "card"),
        "bad_currency": item.currency in EXPONENTS,
        "bad_cost": 0 < item.cost_minor <= LARGEST_MINOR,
        "bad_face": face is None or 0 < face <= LARGEST_MINOR,
        "bad_stock": isinstance(stock, Stock) or 0 <= stock <= LARGEST_STOCK,
    }
    return next((why for why, fine in sound.items() if not fine), "")


def sift(
    read: list[Item | str], *, next_cursor: str = "", as_of: datetime | None = None
) -> CatalogPage:
    """A page from what a dialect read: an item, or the reason why there is none, in order.

    The second entry of the same number is refused as ``twice``: which price is true, nobody knows,
    so the first goes too.
    """
    seen: dict[str, int] = {}
    for entry in read:
        if isinstance(entry, Item):
            seen[entry.supplier_sku] = seen.get(entry.supplier_sku, 0) + 1
    items: list[Item] = []
    refused: list[Rejected] = []
    for place, entry in enumerate(read):
        if isinstance(entry, str):
            refused.append(Rejected(place, entry))
            continue
        why = doubt_item(entry) or ("twice" if seen[entry.supplier_sku] > 1 else "")
        if why:
            refused.append(Rejected(place, why, entry.supplier_sku[:SKU_CHARACTERS]))
        else:
            items.append(entry)
    return CatalogPage(
        items=tuple(items), next_cursor=next_cursor, rejected=tuple(refused), as_of=as_of
    )
