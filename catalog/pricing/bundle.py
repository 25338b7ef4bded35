"""The money of a bundle: what its parts cost and sell for, and its price split over them. Pure."""

from collections.abc import Iterable, Sequence

from core.money import split_minor

# Of a group: how many the buyer chooses (None: all are inside), and an amount for each part.
Amounts = tuple[int | None, Sequence[int]]


def dearest(groups: Iterable[Amounts]) -> int:
    """The most that any lawful choice sums to, in the minor units of the amounts.

    It is the floor of a bundle's price: whatever the buyer chooses must not be sold under cost.
    """
    return sum(sum(sorted(amounts, reverse=True)[:choose]) for choose, amounts in groups)


def cheapest(groups: Iterable[Amounts]) -> int:
    """The least that any lawful choice sums to, in the minor units of the amounts."""
    return sum(sum(sorted(amounts)[:choose]) for choose, amounts in groups)


def split_price(price_minor: int, list_minor: Sequence[int]) -> list[int]:
    """Split the price of one bundle over its parts by what they cost alone.

    `list_minor` is each part's own price for all of its units. Minor units of one currency; the
    shares sum to the price, by largest remainder, ties to the earlier part. Raises ValueError for
    no parts or a negative price of one. Source: C3, reliability.md "largest remainder".
    """
    return split_minor(price_minor, list_minor)
