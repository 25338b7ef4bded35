"""The codes of a channel's order, opened for it: every look is written down, as anybody's is."""

from datetime import datetime

from distribution.models import MarketOrder
from distribution.models.marketorder import MarketKind
from distribution.states import MarketOrderState
from fulfillment.services.reveal import NotRevealable, reveal
from fulfillment.states import DeliveryState
from fulfillment.units import RevealedCode
from orders.queries.units import unit_states


def open_cards(*, row: MarketOrder, ip: str, now: datetime) -> list[RevealedCode]:
    """Every delivered code of an order, in the order of its units; none before it is done.

    The caller has checked whose order it is and that the call is no replay. The looks and their
    audit entries are committed before a text is opened.
    """
    if row.kind != MarketKind.CARD or row.state != MarketOrderState.DONE:
        return []
    by = f"channel:{row.marketplace.code}"
    found: list[RevealedCode] = []
    for unit in unit_states(row.order):
        if unit.state != DeliveryState.DELIVERED:
            continue
        try:
            found += reveal(delivery_id=unit.delivery, by=by, ip=ip, now=now)
        except NotRevealable:
            # Taken back between the two reads: the next query tells the new state.
            continue
    return found
