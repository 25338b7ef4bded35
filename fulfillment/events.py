"""Facts this floor publishes to the floors above, through the outbox. Primitives only.

`reference` and `line` are the caller's own words (an order's public id and its line); this floor
does not know what they stand for.
"""

from dataclasses import dataclass

#: Why a unit was revoked: the floor above gave its money back and has counted it already.
REFUNDED = "refunded"


@dataclass(frozen=True)
class Delivered:
    """One unit is with its owner. `cost_minor` is what it cost us, in minor units.

    `counted`: delivered in the paying transaction, so whoever paid has heard of it by return.
    """

    reference: str
    line: str
    delivery: str
    unit: int
    sku_id: int
    channel: str
    owner: str
    cost_minor: int
    currency: str
    counted: bool = False


@dataclass(frozen=True)
class SupplyFailed:
    """One unit will not be delivered, definitely. `reason` is a key, not a sentence."""

    reference: str
    line: str
    delivery: str
    unit: int
    reason: str


@dataclass(frozen=True)
class DeliveryReversed:
    """A supplier withdrew a success which had been told to the owner; a person decides."""

    reference: str
    line: str
    delivery: str
    unit: int
    reason: str


@dataclass(frozen=True)
class DeliveryRevoked:
    """A delivered unit was taken back by us. `reason` is a key: reversed, refunded."""

    reference: str
    line: str
    delivery: str
    unit: int
    reason: str


@dataclass(frozen=True)
class StockArrived:
    """`units` codes of a SKU became available."""

    sku_id: int
    units: int


@dataclass(frozen=True)
class Redeemed:
    """A voucher was used. Goes back to the channel in which it was sold, and to the merchant.

    `uses` or `amount_minor` were used; `share_minor` is what the merchant is owed for it (already
    posted), both in minor units of `currency`. `owner` is whose it is now, empty for a guest.
    """

    redemption: str
    reference: str
    line: str
    delivery: str
    entitlement: str
    sku_id: int
    channel: str
    owner: str
    merchant: str
    store: str
    uses: int
    amount_minor: int
    share_minor: int
    currency: str


@dataclass(frozen=True)
class RedemptionUndone:
    """A use was taken back: the figures are those of the use `undo_of`."""

    redemption: str
    undo_of: str
    reference: str
    line: str
    delivery: str
    entitlement: str
    sku_id: int
    channel: str
    owner: str
    merchant: str
    store: str
    uses: int
    amount_minor: int
    share_minor: int
    currency: str


@dataclass(frozen=True)
class EndsSoon:
    """Things of a reference that belong to nobody's account end within `days`, the first on `day`.

    `units` counts them; `day` is an ISO date in the shop's time zone. Told once for each threshold.
    """

    reference: str
    units: int
    day: str
    days: int
