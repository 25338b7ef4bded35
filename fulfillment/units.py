"""The words in which other floors speak with this one: lines asked for, units given."""

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class HoldLine:
    """`quantity` units of a SKU for one line of the reference."""

    line: str
    sku_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A paid line. `target` holds the buyer's inputs (phone, account), already checked.

    `paid_minor` is what was paid for all its units, subsidies included: no unit is bought from a
    supplier for more than its share. None when there is nothing to hold a purchase against (a
    part of a bundle, whose price holds only as a whole).
    """

    line: str
    sku_id: int
    quantity: int
    target: dict[str, str] | None = field(default=None, repr=False)
    paid_minor: int | None = None
    currency: str = "CNY"


@dataclass(frozen=True, slots=True)
class DeliveredUnit:
    """A unit that is with its owner as of this transaction. `cost_minor` in minor units."""

    line: str
    unit: int
    delivery: str
    entitlement: str
    cost_minor: int


@dataclass(frozen=True, slots=True)
class Opened:
    """What is delivered, how many units are on their way, and which SKUs were short.

    When `short` is not empty nothing at all was opened.
    """

    delivered: tuple[DeliveredUnit, ...] = ()
    pending: int = 0
    short: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RevealedCode:
    """Clear text on its way to its owner's page, and nowhere else."""

    number: str = field(repr=False)
    secret: str = field(repr=False)
    expires_on: date | None
    # What the QR of a voucher of ours holds; nothing for codes of others.
    qr: str = field(default="", repr=False)
