"""Road, step 1: the one price function; every page, channel and interface asks it.

Before any promotion. Next: `orders/services/quote.py`.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo

from catalog.pricing.levels import LevelTerms, level_price
from catalog.pricing.lists import list_price
from catalog.pricing.values import DatedPrice, Priced


def price(
    rows: Iterable[DatedPrice],
    *,
    at: datetime,
    quantity: int = 1,
    currency: str = "CNY",
    level: int = 0,
    terms: Iterable[LevelTerms] = (),
    floor_minor: int = 0,
    zone: tzinfo = UTC,
) -> Priced | None:
    """Price of one unit out of `quantity` at the moment `at`; None when nothing is in force.

    First the price lists of the channel (`list_price`), then what the buyer's member level makes of
    it (`level_price`); a guest has level 0. Amounts are minor units of `currency`; rows in another
    currency are left out, never converted. `floor_minor` holds for level prices, `zone` is the
    shop's, for member days. Raises ValueError when the quantity is below one.
    """
    ordinary = list_price(rows, at=at, quantity=quantity, currency=currency)
    if ordinary is None or not level:
        return ordinary
    return level_price(
        ordinary, terms, level=level, at=at, zone=zone, quantity=quantity, floor_minor=floor_minor
    )
