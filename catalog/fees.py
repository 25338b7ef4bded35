"""What a payment costs, as far as the catalogue must know: told by the floor that takes payments."""

from collections.abc import Callable

from core.sockets import Socket

#: Basis points of a payment that its provider keeps, at most.
FEES: Socket[Callable[[], int]] = Socket("payment fees")


def fee_bp() -> int:
    """The highest fee that may fall due on a sale, in basis points; 0 when nobody takes payments."""
    return max((ask() for ask in FEES), default=0)
