"""What a quote consists of: plain values, money in minor units."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.offers import Offer
from orders.promotions.values import Used
from orders.services.quote_parts import QuotePart


@dataclass(frozen=True, slots=True)
class Item:
    """One good for one recipient, as the buyer asks for it. `inputs` may be private."""

    sku_code: str
    quantity: int
    inputs: Mapping[str, str] = field(default_factory=dict, repr=False)
    # Inside a bundle: the SKU codes that were chosen, and what the page said is inside.
    picks: tuple[str, ...] = ()
    contents: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a line cannot be bought as asked, for people. `field` names an input, if it is one."""

    key: str
    message: str
    line: int = -1
    field: str = ""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One reason of a price: a key translated on display, parameters, and minor units moved."""

    key: str
    params: Mapping[str, str | int]
    amount_minor: int

    def as_json(self) -> dict[str, Any]:
        return {"key": self.key, "params": dict(self.params), "amount_minor": self.amount_minor}


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """A priced item; money in minor units, `paid_minor` for all units together.

    A bundle has `parts`: those of one, of which there are `quantity`.
    """

    offer: Offer
    quantity: int
    values: Mapping[str, str] = field(repr=False)
    masked: str
    list_minor: int
    unit_minor: int
    paid_minor: int
    adjustments: tuple[Adjustment, ...]
    parts: tuple[QuotePart, ...] = ()
    # What promotions gave under the floor, out of their subsidies; for all units together.
    subsidy_minor: int = 0
    is_gift: bool = False

    @property
    def units(self) -> int:
        """Units that will be delivered."""
        return self.quantity * (sum(part.quantity for part in self.parts) or 1)

    @property
    def offers(self) -> tuple[Offer, ...]:
        """Every offer whose rules the line must keep: its own and those of its parts."""
        return (self.offer, *(part.offer for part in self.parts))

    @property
    def promise(self) -> str:
        """What is bought for how much, as text.

        Not from what price it came down: that differs by level, and a campaign's page is one for all.
        """
        inside = "+".join(f"{part.offer.sku_code}*{part.quantity}" for part in self.parts)
        return f"{self.offer.sku_code}*{self.quantity}={self.paid_minor}" + (
            f"[{inside}]" if inside else ""
        )


@dataclass(frozen=True, slots=True)
class Quote:
    """Lines, totals and everything that stands in the way. Buyable when `problems` is empty."""

    lines: tuple[QuoteLine, ...]
    adjustments: tuple[Adjustment, ...]
    currency: str
    units: int
    list_total_minor: int
    total_minor: int
    problems: tuple[Problem, ...]
    # What the promotions cost, and what placing the order takes of their budgets.
    used: tuple[Used, ...] = ()
    takes: tuple[Mapping[str, Any], ...] = ()
    # Public ids of the buyer's coupons that it rests on.
    coupons: tuple[str, ...] = ()

    @property
    def gifts(self) -> tuple[QuoteLine, ...]:
        return tuple(line for line in self.lines if line.is_gift)

    def lacks_only_gifts(self, sku_ids: Collection[int]) -> bool:
        """Whether these SKUs, which ran out, are in the cart as gifts and nowhere else."""
        bought = {one.sku_id for line in self.lines if not line.is_gift for one in line.offers}
        given = {line.offer.sku_id for line in self.gifts}
        return set(sku_ids) <= given - bought

    @property
    def fingerprint(self) -> str:
        """Equal for two quotes that promise the same goods at the same prices."""
        text = "|".join(
            [*(line.promise for line in self.lines), str(self.total_minor), self.currency]
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def explanation(self) -> list[dict[str, Any]]:
        return [adjustment.as_json() for adjustment in self.adjustments]
