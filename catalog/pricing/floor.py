"""The floor under every price: never under cost, never under the advertised minimum."""


class FloorBroken(Exception):
    """The price asked for lies under the floor; both are minor units of one currency."""

    def __init__(self, *, amount_minor: int, floor_minor: int) -> None:
        super().__init__(f"price {amount_minor} is under the floor {floor_minor}")
        self.amount_minor = amount_minor
        self.floor_minor = floor_minor


def floor_of(*, cost_minor: int | None, advertised_minimum_minor: int | None) -> int:
    """The lowest lawful unit price in minor units: the higher of cost and advertised minimum.

    An unknown cost or minimum (None) sets no floor of its own. Source: design.md, "Floor".
    """
    return max(cost_minor or 0, advertised_minimum_minor or 0)


def check_floor(
    amount_minor: int, *, cost_minor: int | None, advertised_minimum_minor: int | None
) -> None:
    """Refuse an amount (minor units) under the floor. Raises FloorBroken."""
    floor = floor_of(cost_minor=cost_minor, advertised_minimum_minor=advertised_minimum_minor)
    if amount_minor < floor:
        raise FloorBroken(amount_minor=amount_minor, floor_minor=floor)
