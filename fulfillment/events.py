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
