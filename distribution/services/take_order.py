"""An outside channel orders: written down first, then the same road as everybody, once.

quote → place → pay on account. Whatever dies in between is taken up again by the sweeper, or by the
channel's own repeat, at the place where it stopped.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from catalog.offers import ChannelView, Offer
from catalog.queries import channel_by_code
from catalog.queries import offer as find_offer
from core import transitions
from core.crypto import blind_index, same, seal, unseal
from core.each import each
from core.faults import guard_off
from core.ids import new_token
from core.tx import part, step
from distribution.marketplaces import words
from distribution.marketplaces.asked import Asked
from distribution.marketplaces.goods import is_sold_here
from distribution.marketplaces.words import MarketRefused
from distribution.models import MarketOrder, Marketplace
from distribution.services.pay_on_account import pay_on_account
from distribution.states import MarketOrderState
from orders.payments.registry import ACCOUNT
from orders.services.place_order import (
    FormReused,
    LimitReached,
    NotBuyable,
    PriceChanged,
    Refused,
    SoldOut,
    Wanted,
    place_order,
)
from orders.services.quote import Buyer, Item, Quote, quote

#: Why a quote cannot be bought → what the channel hears. Anything else is off sale to it.
PROBLEMS = {
    "unknown": words.UNKNOWN_PRODUCT,
    "sold_out": words.OUT_OF_STOCK,
    "quantity": words.QUANTITY,
    "limit_per_order": words.QUANTITY,
    "too_many_units": words.QUANTITY,
    "input": words.BAD_ACCOUNT,
}
#: An order that nobody decided is taken up again after this long.
TAKE_UP_SECONDS = 30


@dataclass(frozen=True, slots=True)
class _Cart:
    """What is bought at which price, ready to be placed."""

    channel: ChannelView
    item: Item
    shown: str


def take_order(*, market: Marketplace, asked: Asked, now: datetime) -> MarketOrder:
    """Take an order of an outside channel; the same number answers with the same order.

    Returns it as it stands: refused, under way or done. Raises MarketRefused when the number stands
    for other goods. Money is minor units of the channel's currency. Source: R-IDM, D8.
    """
    with step():
        row = write_down(market=market, asked=asked, now=now)
    if row.state == MarketOrderState.RECEIVED:
        decide_order(row=row, now=now)
        row.refresh_from_db()
    return row


def take_up_orders(*, now: datetime, limit: int = 50) -> int:
    """Decide orders that were left undecided. Returns how many were looked at."""
    left = MarketOrder.objects.filter(state=MarketOrderState.RECEIVED, not_before__lte=now)
    rows = left.select_related("marketplace__channel").order_by("not_before", "id")[:limit]
    return each(lambda row: decide_order(row=row, now=now), rows, name="take_up_order")


def asked_context(public_id: str) -> str:
    """What the sealed fields of an order are bound to."""
    return f"distribution_marketorder:asked:{public_id}"


def inputs_of(row: MarketOrder) -> dict[str, str]:
    """The recipient's fields as the channel sent them. Raises CannotUnseal."""
    found: dict[str, str] = json.loads(
        unseal(row.asked, context=asked_context(row.public_id)).reveal()
    )
    return found


@part
def write_down(*, market: Marketplace, asked: Asked, now: datetime) -> MarketOrder:
    """The order's row; the first of many copies makes it, the others wait and find it.

    Raises MarketRefused when the number stands for other goods.
    """
    row = MarketOrder(
        marketplace=market, number=asked.number, kind=asked.kind, content=asked.content,
        goods=asked.goods, quantity=asked.quantity, limit_minor=asked.limit_minor,
        currency=market.currency, state_at=now, created_at=now,
        not_before=now + timedelta(seconds=TAKE_UP_SECONDS),
    )  # fmt: skip
    row.asked = seal(json.dumps(dict(asked.inputs)), context=asked_context(row.public_id))
    if _insert(row):
        transitions.begin(
            entity="marketorder", subject=row.public_id, state=row.state, now=now,
            by=_by(market),
        )  # fmt: skip
    held = MarketOrder.objects.select_related("marketplace__channel").get(
        marketplace=market, number=asked.number
    )
    if not same(bytes(held.content), asked.content):
        raise MarketRefused(words.NUMBER_USED)
    return held


@part
def _insert(row: MarketOrder) -> bool:
    """Whether this call wrote the row. The unique number decides, not a look beforehand."""
    made = MarketOrder.objects.bulk_create([row], ignore_conflicts=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "select 1 from distribution_marketorder where public_id = %s", [made[0].public_id]
        )
        return cursor.fetchone() is not None


def decide_order(*, row: MarketOrder, now: datetime) -> bool:
    """Place and pay the order of ours, or refuse. Safe to repeat and to run twice at once.

    False when it was refused.
    """
    market = row.marketplace
    try:
        placed = place_order(wanted=wanted_of(row=row, now=now), now=now, acting=_by(market))
        pay_on_account(row_id=row.pk, order=placed.order, now=now, acting=_by(market))
    except MarketRefused as refusal:
        refuse(row_id=row.pk, code=refusal.code, now=now, by=_by(market))
    except (NotBuyable, PriceChanged, Refused, LimitReached, SoldOut, FormReused) as error:
        refuse(row_id=row.pk, code=_code_of(error), now=now, by=_by(market))
    else:
        return True
    return False


@step()
def refuse(*, row_id: int, code: str, now: datetime, by: str) -> bool:
    """Write down that nothing was bought, and why; False when it is decided otherwise by now."""
    return transitions.move(
        MarketOrder, row_id, from_=[MarketOrderState.RECEIVED], to=MarketOrderState.REFUSED,
        now=now, by=by, why=code, state_at=now, refusal=code, not_before=None,
    )  # fmt: skip


def _cart(row: MarketOrder, now: datetime) -> _Cart:
    """Raises MarketRefused for what this channel cannot buy so."""
    channel = channel_by_code(row.marketplace.channel.code)
    if channel is None:
        raise MarketRefused(words.PRODUCT_OFF)
    offer = find_offer(row.goods, channel, now, quantity=min(row.quantity, 200))
    if offer is None or not is_sold_here(offer, row.kind):
        raise MarketRefused(words.UNKNOWN_PRODUCT)
    if offer.currency != row.currency or not offer.unit_minor:
        raise MarketRefused(words.PRODUCT_OFF)
    item = Item(row.goods, row.quantity, _inputs(offer, row))
    priced = quote(items=[item], channel=channel, buyer=Buyer(), now=now)
    if row.limit_minor is not None and priced.total_minor > row.limit_minor:
        raise MarketRefused(words.PRICE_ABOVE_LIMIT)
    return _Cart(channel, item, priced.fingerprint)


def _inputs(offer: Offer, row: MarketOrder) -> dict[str, str]:
    """The dialect's `account` is the first field that names the recipient; others by their key."""
    given = inputs_of(row)
    if not offer.inputs:
        return {}
    first = next((spec.key for spec in offer.inputs if spec.recipient), offer.inputs[0].key)
    known = {spec.key: given[spec.key] for spec in offer.inputs if spec.key in given}
    return {**known, first: given.get("account", "")}


def wanted_of(*, row: MarketOrder, now: datetime) -> Wanted:
    """The form as the channel fills it in. Its token follows from its number: one order for ever.

    Raises MarketRefused for what this channel cannot buy so.
    """
    cart, market = _cart(row, now), row.marketplace
    token = blind_index("market.form", f"{market.code}:{row.number}").hex()[:40]
    return Wanted(
        channel=cart.channel,
        items=[cart.item],
        contact_kind="account",
        contact=f"{market.code}:{row.number}",
        form_token=new_token() if guard_off("market.one_form") else token,
        provider=ACCOUNT,
        language="zh-hans",
        terms_version="channel",
        consent=True,
        # The channel's server is no buyer: what comes from there is limited by its credit.
        ip="",
        shown=cart.shown,
        # A channel pays its own list's price, whatever the shop offers its visitors.
        promotions=False,
        attribution=f"{market.code}:{row.number}",
    )


def _code_of(error: Exception) -> str:
    if isinstance(error, SoldOut):
        return words.OUT_OF_STOCK
    if isinstance(error, LimitReached):
        return words.QUANTITY
    if isinstance(error, PriceChanged):
        return words.PRICE_ABOVE_LIMIT
    if isinstance(error, NotBuyable):
        return _problem_of(error.quote)
    return words.PRODUCT_OFF


def _problem_of(found: Quote) -> str:
    key = found.problems[0].key if found.problems else ""
    return PROBLEMS.get(key, words.PRODUCT_OFF)


def _by(market: Marketplace) -> str:
    return f"channel:{market.code}"
