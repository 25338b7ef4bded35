"""An amount over several lines, by what they cost and as far as there is room. Pure."""

from collections.abc import Sequence

from core.money import split_minor
from orders.promotions.rules.base import View


def spread(amount_minor: int, views: Sequence[View]) -> list[int]:
    """Split `amount_minor` over lines by their amounts, none getting more than its room.

    What a full line cannot take goes to the others; what nobody can take is left. Minor units;
    largest remainder, ties to the earlier line.
    """
    parts = [0] * len(views)
    left = min(amount_minor, sum(view.room_minor for view in views))
    while left > 0:
        open_ = [n for n, view in enumerate(views) if parts[n] < view.room_minor]
        shares = split_minor(left, [views[n].amount_minor for n in open_])
        for n, share in zip(open_, shares, strict=True):
            taken = min(share, views[n].room_minor - parts[n])
            parts[n] += taken
            left -= taken
    return parts
