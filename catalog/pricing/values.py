"""The plain values of a price."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class DatedPrice:
    """One row of a price list for one SKU.

    `rank` is the place of its list in the channel's chain: 0 is the channel's own list, 1 the
    list it falls back to, and so on. Dates are aware; the start is included, the end is not.
    """

    amount_minor: int
    currency: str
    rank: int = 0
    min_quantity: int = 1
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    list_code: str = ""

    def covers(self, at: datetime) -> bool:
        """True when the row is in force at that moment."""
        if self.starts_at is not None and at < self.starts_at:
            return False
        return self.ends_at is None or at < self.ends_at


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a price is what it is: a key that is translated on display, and its parameters."""

    key: str
    params: tuple[tuple[str, str | int], ...] = ()
    amount_minor: int = 0


@dataclass(frozen=True, slots=True)
class Priced:
    """List and unit price of one unit in minor units of `currency`, and why.

    `list_minor` is the price of a single unit without tiers; `unit_minor` the price of each of
    the units asked for. `until` is the moment at which the answer may change, or None.
    """

    list_minor: int
    unit_minor: int
    currency: str
    reasons: tuple[Reason, ...]
    until: datetime | None
