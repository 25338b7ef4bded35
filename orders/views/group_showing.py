"""What the pages of group buys show."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language

from catalog.faces import offer_face
from catalog.queries import offer as find_offer
from catalog.views.product import fields_of
from orders.forms import PlaceForm, inputs_of
from orders.models import BuyGroup, GroupBuy, GroupSeat
from orders.queries.group_buys import open_groups, seats_of
from orders.services.find_rules import Buyer
from orders.services.groups.group_rule import group_rule, seconds_to_pay
from orders.services.place_order import Wanted
from orders.services.quote import Item, quote
from orders.states import BuyGroupState, GroupBuyState, GroupSeatState
from orders.views.cart import buyer_of, channel_of
from orders.views.checkout import wanted_of
from orders.views.group_cards import named
from orders.views.proof import entry_of, fits
from risk.values import normal, value_index


def page_context(
    request: HttpRequest, buy: GroupBuy, group: BuyGroup | None, now: datetime
) -> dict[str, Any]:
    """What orders/group_buy.html reads; the price is the pricing engine's."""
    channel, language = channel_of(request), get_language() or ""
    offer = find_offer(buy.sku.code, channel, now)
    at = max(now, buy.starts_at)
    rule = group_rule(buy, until=group.deadline if group else None)
    priced = quote(
        items=[Item(buy.sku.code, 1)],
        channel=channel,
        buyer=buyer_of(request),
        now=at,
        rules=[rule],
    )
    others = open_groups(buy, now) if group is None else []
    return {
        "buy": buy,
        "name": named(buy),
        "group": group,
        "seats": _seats(request, group) if group else [],
        "mine": bool(group and sits_in(request, group)),
        "phase": phase_of(buy, group, now) if offer is not None else "over",
        "others": [{"group": one, "missing": one.size - one.paid} for one in others],
        "offer": offer,
        "face": offer_face(offer, language) if offer is not None else None,
        "fields": fields_of(offer, channel, now, language) if offer is not None else [],
        "price_minor": priced.total_minor,
        "alone_minor": priced.list_total_minor,
        "currency": priced.currency,
        "fingerprint": priced.fingerprint,
        "missing": group.size - group.paid if group else buy.size - 1,
        "link": request.build_absolute_uri(request.path) if group else "",
    }


def phase_of(buy: GroupBuy, group: BuyGroup | None, now: datetime) -> str:
    """soon, open or over; of a group also seated (all taken, some unpaid), full and expired."""
    if group is None:
        if buy.state == GroupBuyState.ENDED or now >= buy.ends_at:
            return "over"
        if buy.opened >= buy.most_groups:
            return "gone"
        return "soon" if now < buy.starts_at else "open"
    if group.state == BuyGroupState.FULL:
        return "full"
    if group.state == BuyGroupState.EXPIRED or group.deadline <= now:
        return "expired"
    return "open" if group.taken < group.size else "seated"


def sits_in(request: HttpRequest, group: BuyGroup) -> bool:
    """Whether this reader has a seat there: by their account, or by an order this browser keeps."""
    return any(_is_mine(request, seat) for seat in seats_of(group))


def wanted_seat(
    request: HttpRequest, form: PlaceForm, buy: GroupBuy, group: BuyGroup | None, *, now: datetime
) -> Wanted:
    """What a valid form asks for: one unit at the group's price, nothing else applies.

    The price is known under every name the buyer has. Raises NoContact.
    """
    wanted = wanted_of(request, form, [Item(buy.sku.code, 1, inputs_of(request.POST))])
    contact = value_index(wanted.contact_kind, normal(wanted.contact_kind, wanted.contact))
    known = Buyer(wanted.owner, contact_index=contact).identities
    rule = group_rule(buy, identities=known, until=group.deadline if group else None)
    return replace(
        wanted, rules=(rule,), promotions=False, codes=(),
        group=group.public_id if group else "",
        hold_seconds=seconds_to_pay(group.deadline, now) if group else None,
    )  # fmt: skip


def _seats(request: HttpRequest, group: BuyGroup) -> list[dict[str, Any]]:
    """Every seat of a group: those taken with their masked names, then the empty ones."""
    taken = [
        {"name": seat.mask, "paid": seat.state == GroupSeatState.PAID, "first": place == 0,
         "mine": _is_mine(request, seat)}
        for place, seat in enumerate(seats_of(group))
    ]  # fmt: skip
    return [*taken, *({"name": ""} for _empty in range(group.size - len(taken)))]


def _is_mine(request: HttpRequest, seat: GroupSeat) -> bool:
    order = seat.order
    if request.user.is_authenticated and order.owner == request.user.public_id:
        return True
    entry = entry_of(request, order.public_id)
    return entry is not None and fits(entry.token, bytes(order.token_hash))
