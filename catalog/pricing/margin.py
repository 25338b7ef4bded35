"""What is left of a price after cost, payment fee and commission. Pure."""

from dataclasses import dataclass

WHOLE_BP = 10_000


@dataclass(frozen=True, slots=True)
class Margin:
    """Money of one thing sold, in minor units; a cost that is not known is None, and so is the rest."""

    price_minor: int
    cost_minor: int | None
    fee_minor: int
    # What the channel keeps free for whoever brought the buyer.
    commission_minor: int = 0

    @property
    def left_minor(self) -> int | None:
        """What is left of the price; negative when it is sold at a loss."""
        if self.cost_minor is None:
            return None
        return self.price_minor - self.cost_minor - self.fee_minor - self.commission_minor

    @property
    def share_bp(self) -> int | None:
        """The same as a share of the price in basis points, toward zero; None without a price."""
        left = self.left_minor
        if left is None or not self.price_minor:
            return None
        share = abs(left) * WHOLE_BP // self.price_minor
        return share if left >= 0 else -share


def fee_of(amount_minor: int, fee_bp: int) -> int:
    """What `fee_bp` basis points of `amount_minor` come to, a fraction counted whole."""
    return -(-amount_minor * fee_bp // WHOLE_BP)
