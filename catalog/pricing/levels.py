"""What a member level makes of a price: its own list, or a share of the ordinary one. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from accounts.days import DayRule, next_midnight
from catalog.pricing.lists import best_of, next_change
from catalog.pricing.rounding import EXACT, Rounding, round_ratio
from catalog.pricing.values import DatedPrice, Priced, Reason

WHOLE_BP = 10_000


@dataclass(frozen=True, slots=True)
class LevelTerms:
    """Terms that hold from a level up: prices of a list of its own, or `share_bp` of the price.

    `share_bp`: 9500 is 95 % of the ordinary unit price. `day` restricts it to a member day. `names`
    are those of the level in Chinese and English, for the reason.
    """

    level: int
    names: tuple[str, str] = ("", "")
    rows: tuple[DatedPrice, ...] = ()
    share_bp: int | None = None
    rounding: Rounding = EXACT
    day: DayRule | None = None


def level_price(
    ordinary: Priced,
    terms: Iterable[LevelTerms],
    *,
    level: int,
    at: datetime,
    zone: tzinfo,
    quantity: int = 1,
    floor_minor: int = 0,
) -> Priced:
    """The price for a member of `level`: the best of all terms up to it, never above the ordinary.

    Minor units of the ordinary price's currency. Terms of lower levels count too, so no level pays
    more than one below it. A price under `floor_minor` is lifted to the floor, and says so in its
    reasons. `zone` is the shop's, for member days. Source: C6, M7.
    """
    held = [one for one in terms if one.level <= level]
    until = _until(ordinary, held, at, zone)
    offers = [
        (amount, place, one)
        for place, one in enumerate(held)
        if (amount := _amount(ordinary, one, at, zone, quantity)) is not None
    ]
    if not offers:
        return _replace(ordinary, ordinary.unit_minor, (), until)
    # The lower amount, then the lower level: the order of rows never decides.
    asked, _place, best = min(offers, key=lambda offer: (offer[0], offer[2].level, offer[1]))
    amount = max(asked, floor_minor)
    if amount >= ordinary.unit_minor:
        return _replace(ordinary, ordinary.unit_minor, (), until)
    names = (("level", best.level), ("name", best.names[0]), ("name_en", best.names[1]))
    key = "member_day_price" if best.day is not None else "level_price"
    reasons = [Reason(key, names, asked - ordinary.unit_minor)]
    if amount > asked:
        reasons.append(Reason("lifted_to_floor", (), amount - asked))
    return _replace(ordinary, amount, tuple(reasons), until)


def _amount(
    ordinary: Priced, terms: LevelTerms, at: datetime, zone: tzinfo, quantity: int
) -> int | None:
    if terms.day is not None and not terms.day.covers(at, zone):
        return None
    if terms.share_bp is not None:
        return round_ratio(ordinary.unit_minor * terms.share_bp, WHOLE_BP, terms.rounding)
    found = best_of(terms.rows, at=at, quantity=quantity, currency=ordinary.currency)
    return None if found is None else found.amount_minor


def _until(
    ordinary: Priced, held: Sequence[LevelTerms], at: datetime, zone: tzinfo
) -> datetime | None:
    moments = [next_change(one.rows, at=at) for one in held]
    if any(one.day is not None for one in held):
        moments.append(next_midnight(at, zone))
    return min((each for each in [ordinary.until, *moments] if each is not None), default=None)


def _replace(
    ordinary: Priced, amount: int, more: tuple[Reason, ...], until: datetime | None
) -> Priced:
    return Priced(ordinary.list_minor, amount, ordinary.currency, (*ordinary.reasons, *more), until)
