"""Something given with a purchase."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from orders.promotions.rules.base import BadTerms, Gift, View
from orders.promotions.rules.reading import integer

LONGEST_CODE = 64


@dataclass(frozen=True, slots=True)
class GiftWith:
    """From `from_minor` or `from_units` on, `quantity` of `sku_code` are added for nothing.

    Whoever loads the rule fills in what the goods cost (`list_minor`) and may not be sold under
    (`floor_minor`), for one unit: a gift is a sale under the floor and needs a subsidy.
    """

    key: ClassVar[str] = "gift_with"
    whole: ClassVar[bool] = True
    sku_code: str
    quantity: int
    from_minor: int = 0
    from_units: int = 0
    list_minor: int = 0
    floor_minor: int = 0

    @classmethod
    def read(cls, params: Mapping[str, Any]) -> Self:
        sku_code = params.get("sku_code")
        if not isinstance(sku_code, str) or not 0 < len(sku_code) <= LONGEST_CODE:
            raise BadTerms("sku_code", "sku")
        return cls(
            sku_code,
            integer(params, "quantity", least=1, most=10, default=1),
            integer(params, "from_minor", default=0),
            integer(params, "from_units", default=0, most=1000),
            integer(params, "list_minor", default=0),
            integer(params, "floor_minor", default=0),
        )

    def offs(self, views: Sequence[View]) -> list[int]:
        return [0] * len(views)

    def gift(self, views: Sequence[View]) -> Gift | None:
        if sum(view.amount_minor for view in views) < self.from_minor:
            return None
        if sum(view.quantity for view in views) < self.from_units:
            return None
        return Gift(self.sku_code, self.quantity, self.list_minor, self.floor_minor)

    def params(self) -> dict[str, str | int]:
        return {
            "sku": self.sku_code,
            "units": self.quantity,
            "from_minor": self.from_minor,
            "from_units": self.from_units,
        }
