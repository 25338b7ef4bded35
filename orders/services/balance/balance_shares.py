"""What of an order its buyer's balance pays: for which line, for which unit. Pure.

The rule (docs/pricing.md): in proportion to what was paid for each line, by largest remainder, and
equally over the units of a line. So each unit has one amount that is the balance's, whatever else
is refunded, before or after it.
"""

from collections.abc import Mapping, Sequence

from core.money import split_minor


def line_shares(amount_minor: int, paid: Sequence[tuple[str, int]]) -> dict[str, int]:
    """By line (id and what was paid for it, minor units), what the balance pays; sums to it."""
    parts = split_minor(amount_minor, [minor for _line, minor in paid])
    return {line: share for (line, _minor), share in zip(paid, parts, strict=True) if share}


def unit_share(shares: Mapping[str, int], line: str, quantity: int, unit: int) -> int:
    """What of the n-th unit (from 1) of a line the balance pays; never more than it cost."""
    return split_minor(shares.get(line, 0), [1] * quantity)[unit - 1]
