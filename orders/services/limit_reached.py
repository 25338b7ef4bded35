"""What an order is refused with when it asks for more than there is for it."""


class LimitReached(Exception):
    """A limit of a SKU is used up; `message` is for the buyer, in the active language."""

    def __init__(self, message: str, *, sku_code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.sku_code = sku_code


class PromotionUsedUp(LimitReached):
    """Somebody else had the last of a promotion; without it the price is another one."""


class BalanceUsedUp(PromotionUsedUp):
    """What the buyer wanted to pay from their balance is not there any more."""
