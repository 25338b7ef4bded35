"""Road, step 2: what a cart costs and why. Pure over the catalogue's offers; it promises nothing.

Next: `place_order.py`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from catalog.bundles import PickError
from catalog.inputs import InputError, clean
from catalog.offers import ChannelView, Offer
from catalog.queries import offer as find_offer
from catalog.states import WhoMayBuy
from orders.promotions.values import Rule
from orders.services.find_rules import Buyer, facts_for
from orders.services.promote import promote
from orders.services.quote_parts import QuotePart, name_of, quote_parts
from orders.services.quote_values import Adjustment, Item, Problem, Quote, QuoteLine

MOST_LINES = 20
MOST_UNITS = 200

__all__ = ["Adjustment", "Buyer", "Item", "Problem", "Quote", "QuoteLine", "quote"]


def quote(
    *,
    items: Sequence[Item],
    channel: ChannelView,
    buyer: Buyer,
    now: datetime,
    rules: Sequence[Rule] = (),
) -> Quote:
    """Price a cart in a channel at a moment under these rules. Minor units of its currency.

    Raises nothing for a cart that cannot be bought: what is wrong stands in `problems`, in the
    active language. Limits per order are checked here; those that count uses are taken when the
    order is placed.
    """
    problems: list[Problem] = []
    if not items:
        problems.append(Problem("empty", _("There is nothing in your cart.")))
    if len(items) > MOST_LINES:
        problems.append(Problem("too_many_lines", _("Please order in smaller parts.")))
    wanted = _units_by_sku(items[:MOST_LINES])
    placed: dict[int, QuoteLine] = {}
    for position, item in enumerate(items[:MOST_LINES]):
        line = _line(position, item, wanted, channel, buyer, now, problems)
        if line is not None:
            placed[position] = line
    _check_parts(placed, problems)
    problems = [one for one in problems if not _set_apart(one, placed, rules)]
    facts = facts_for(channel=channel, buyer=buyer, rules=rules, now=now)
    promoted = promote(list(placed.values()), rules=rules, facts=facts, channel=channel)
    lines = promoted.lines
    units = sum(line.units for line in lines)
    if units > MOST_UNITS:
        problems.append(Problem("too_many_units", _("Please order in smaller parts.")))
    return Quote(
        lines=lines,
        adjustments=promoted.adjustments,
        currency=channel.currency,
        units=units,
        list_total_minor=sum(line.list_minor * line.quantity for line in lines),
        total_minor=sum(line.paid_minor for line in lines),
        problems=tuple(problems),
        used=promoted.used,
        takes=promoted.takes,
        coupons=promoted.coupons,
    )


def _set_apart(problem: Problem, lines: Mapping[int, QuoteLine], rules: Sequence[Rule]) -> bool:
    """Whether a line is only out of stock for those who buy it at its usual price."""
    if problem.key != "sold_out" or problem.line not in lines:
        return False
    names = lines[problem.line].offer.names
    return any(rule.keeps_stock and rule.scope.listed & names for rule in rules)


def _units_by_sku(items: Sequence[Item]) -> dict[str, int]:
    """Quantity steps and limits look at all units of a SKU, whoever receives them."""
    units: dict[str, int] = defaultdict(int)
    for item in items:
        units[item.sku_code] += max(item.quantity, 0)
    return units


def _line(
    position: int,
    item: Item,
    wanted: Mapping[str, int],
    channel: ChannelView,
    buyer: Buyer,
    now: datetime,
    problems: list[Problem],
) -> QuoteLine | None:
    units = wanted[item.sku_code]
    if not 1 <= item.quantity <= MOST_UNITS:
        problems.append(Problem("quantity", _("Choose a quantity."), position))
        return None
    most = min(units, MOST_UNITS)
    offer = find_offer(item.sku_code, channel, now, quantity=most, level=buyer.level)
    if offer is None:
        problems.append(Problem("unknown", _("This is no longer sold here."), position))
        return None
    problem = _problem(offer, units, buyer)
    if problem:
        problems.append(Problem(problem[0], problem[1], position))
    if offer.bundle is not None:
        return _bundle(position, item, offer, buyer, (channel, now), problems)
    try:
        cleaned = clean(offer.inputs, item.inputs)
        values, masked = cleaned.values, cleaned.masked
    except InputError as error:
        problems.append(Problem("input", error.message, position, error.field))
        values, masked = {}, ""
    return QuoteLine(
        offer=offer,
        quantity=item.quantity,
        values=values,
        masked=masked,
        list_minor=max(offer.list_minor, offer.unit_minor),
        unit_minor=offer.unit_minor,
        paid_minor=offer.unit_minor * item.quantity,
        adjustments=_adjustments(offer),
    )


def _bundle(
    position: int,
    item: Item,
    offer: Offer,
    buyer: Buyer,
    at: tuple[ChannelView, datetime],
    problems: list[Problem],
) -> QuoteLine:
    """A bundle is priced as one thing; its parts carry their share of that price."""
    channel, now = at
    assert offer.bundle is not None, "the caller has looked"
    parts: tuple[QuotePart, ...] = ()
    masked = ""
    if item.contents and item.contents != offer.bundle.contents:
        text = _("What is inside has changed since you looked. Please check it again.")
        problems.append(Problem("contents", text, position))
    try:
        parts, masked = quote_parts(
            offer=offer, picks=item.picks, inputs=item.inputs, channel=channel, now=now
        )
    except InputError as error:
        problems.append(Problem("input", error.message, position, error.field))
    except PickError as error:
        problems.append(Problem("picks", error.message, position))
    for part in parts:
        problem = _problem(part.offer, part.quantity, buyer)
        if problem:
            problems.append(Problem(problem[0], problem[1], position))
    alone = sum(part.list_minor for part in parts)
    return QuoteLine(
        offer=offer,
        quantity=item.quantity,
        values={},
        masked=masked,
        list_minor=max(alone, offer.list_minor, offer.unit_minor),
        unit_minor=offer.unit_minor,
        paid_minor=offer.unit_minor * item.quantity,
        adjustments=_adjustments(offer),
        parts=parts,
    )


def _check_parts(lines: Mapping[int, QuoteLine], problems: list[Problem]) -> None:
    """A limit per order on a good holds for all of it, bought alone and inside bundles."""
    units: dict[str, int] = defaultdict(int)
    for line in lines.values():
        for sku_code, number in _contents(line):
            units[sku_code] += number
    for position, line in lines.items():
        for part in line.parts:
            limit = part.offer.limits.per_order
            if units[part.offer.sku_code] > limit:
                text = _("At most %(limit)s of %(name)s in one order.")
                text %= {"limit": limit, "name": name_of(part.offer)}
                problems.append(Problem("limit_per_order", text, position))


def _contents(line: QuoteLine) -> list[tuple[str, int]]:
    """SKU codes and units that the line will deliver."""
    if not line.parts:
        return [(line.offer.sku_code, line.quantity)]
    return [(part.offer.sku_code, part.quantity * line.quantity) for part in line.parts]


def _problem(offer: Offer, units: int, buyer: Buyer) -> tuple[str, str] | None:
    limits = offer.limits
    # A price under the floor needs a subsidy that two persons approved; there is none here.
    if not offer.state_ok or offer.unit_minor < offer.floor_minor:
        return ("not_on_sale", _("This is not on sale at the moment."))
    if offer.availability == "out":
        return ("sold_out", _("This is sold out."))
    if units > limits.per_order:
        text = _("At most %(limit)s of this in one order.") % {"limit": limits.per_order}
        return ("limit_per_order", text)
    if limits.who in {WhoMayBuy.MEMBERS, WhoMayBuy.LEVEL} and not buyer.user:
        return ("members_only", _("Please sign in to buy this."))
    if limits.who == WhoMayBuy.LEVEL and buyer.level < limits.minimum_level:
        return ("level", _("This is for members of a higher level."))
    return None


def _adjustments(offer: Offer) -> tuple[Adjustment, ...]:
    return tuple(
        Adjustment(reason.key, dict(reason.params), reason.amount_minor) for reason in offer.reasons
    )
