"""What the engine reads and answers: plain values, money in minor units of one currency."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from orders.promotions.rules.base import Terms


class Group(IntEnum):
    """Where a rule stands in the stack; the lower comes first and leaves less for the next."""

    PRICE = 10
    ITEM = 20
    ORDER = 30
    COUPON = 40
    GIFT = 50
    TENDER = 60


# How many rules of a group one cart may use; the others are held to one for each line.
MOST_OF_GROUP = {Group.COUPON: 1, Group.TENDER: 1}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a cart. `names` say what it is, as "sku:IQY-GOLD-M" or "category:video".

    `key` is its own and sorts it, so that the order of a cart never decides a price. Money is for
    one unit; `floor_minor` is the lowest lawful price of one.
    """

    key: str
    names: frozenset[str]
    quantity: int
    unit_minor: int
    floor_minor: int


@dataclass(frozen=True, slots=True)
class Facts:
    """Who buys, where and when. `user` is empty for a guest; `at` is aware."""

    channel: str
    at: datetime
    user: str = ""
    level: int = 0
    # Nobody has paid here before by this account or contact, as far as is known now.
    first_order: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """Which goods a rule is about: all, or those that bear a listed name; never one left out."""

    listed: frozenset[str] = frozenset()
    left_out: frozenset[str] = frozenset()

    def covers(self, line: Line) -> bool:
        if self.left_out & line.names:
            return False
        return not self.listed or bool(self.listed & line.names)


@dataclass(frozen=True, slots=True)
class Who:
    """Whom a rule is for; nothing said is everybody."""

    channels: frozenset[str] = frozenset()
    minimum_level: int = 0
    signed_in: bool = False
    first_order: bool = False

    def includes(self, facts: Facts) -> bool:
        if self.channels and facts.channel not in self.channels:
            return False
        if (self.signed_in or self.minimum_level) and not facts.user:
            return False
        return facts.level >= self.minimum_level and (not self.first_order or facts.first_order)


class Measure(StrEnum):
    """What a budget counts."""

    USES = "uses"
    DISCOUNT = "discount"
    SUBSIDY = "subsidy"


@dataclass(frozen=True, slots=True)
class Budget:
    """A bound on what a rule gives in all, under the key by which it is counted."""

    key: str
    limit: int
    of: Measure


@dataclass(frozen=True, slots=True)
class Rule:
    """A promotion as the engine knows it.

    Of two that save the same, the lower `priority` is taken, then the lower id. One that stands
    `alone` is never combined. `left_minor` is what is left of its money budget (None: no budget),
    `subsidy_minor` what it may still give under the floor. A rule that would need more than is
    left is not used at all. `funded`: it is paid with something of its own (points), so it is no
    discount and knows no floor.
    """

    id: str
    group: Group
    terms: Terms
    scope: Scope = field(default_factory=Scope)
    who: Who = field(default_factory=Who)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    priority: int = 100
    alone: bool = False
    left_minor: int | None = None
    subsidy_minor: int = 0
    funded: bool = False
    # Units are set apart for it: that the shelf is empty for everybody else stops nobody here.
    keeps_stock: bool = False
    # For people; and what an order takes when it is placed. The engine reads none of it.
    title: str = ""
    title_en: str = ""
    budgets: tuple[Budget, ...] = ()
    # The public id of the one coupon behind it, empty for a rule that needs none.
    coupon: str = ""

    def is_for(self, facts: Facts) -> bool:
        """In force at that moment and for that buyer; the start is included, the end is not."""
        if self.starts_at is not None and facts.at < self.starts_at:
            return False
        if self.ends_at is not None and facts.at >= self.ends_at:
            return False
        return self.who.includes(facts)


@dataclass(frozen=True, slots=True)
class Cart:
    """Everything a price depends on."""

    lines: Sequence[Line]
    facts: Facts
    rules: Sequence[Rule] = ()


@dataclass(frozen=True, slots=True)
class Saving:
    """One reason on one line: the rule, its terms in short, and what it took off (negative)."""

    rule: str
    key: str
    params: dict[str, str | int]
    amount_minor: int
    # How much of it lies under the floor and is paid out of the rule's subsidy.
    subsidy_minor: int = 0


@dataclass(frozen=True, slots=True)
class PricedLine:
    """`paid_minor` is for all units and is `base_minor` plus its savings."""

    key: str
    base_minor: int
    paid_minor: int
    savings: tuple[Saving, ...]

    @property
    def subsidy_minor(self) -> int:
        return sum(saving.subsidy_minor for saving in self.savings)


@dataclass(frozen=True, slots=True)
class Used:
    """A rule that took part, with everything it cost: what its budgets are charged."""

    rule: str
    discount_minor: int
    subsidy_minor: int
    # SKU code and units that are given with it.
    gift: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class PricedCart:
    """Lines in the order in which they came, and which rules made them cost that."""

    lines: tuple[PricedLine, ...]
    used: tuple[Used, ...]

    @property
    def base_minor(self) -> int:
        return sum(line.base_minor for line in self.lines)

    @property
    def total_minor(self) -> int:
        return sum(line.paid_minor for line in self.lines)
