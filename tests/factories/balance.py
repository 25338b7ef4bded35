"""People with a balance, cards that hold one, and orders paid from it."""

from datetime import datetime
from typing import Any

from accounts.models import User
from core import clock
from core.ids import new_id
from core.tx import step
from orders.models import ExchangeBatch, Order
from orders.services.balance.balance_book import CORRECTED, credit
from orders.services.place_order import place_order
from orders.services.quote import Item
from tests.factories.exchange import make_batch
from tests.factories.orders import order_of, wanted


def put(owner: str, amount_minor: int, *, now: datetime | None = None) -> None:
    """Money on a balance, as a correction by the shop puts it there."""
    with step():
        credit(
            owner=owner, amount_minor=amount_minor, source=CORRECTED, key=new_id("tst"),
            kind="balance.corrected", currency="CNY", subject="", now=now or clock.now(),
        )  # fmt: skip


def make_cards(size: int = 2, face: int = 10_000, **values: Any) -> ExchangeBatch:
    """A draft of cards of that face value, given away unless told otherwise."""
    values = {"kind": "balance", "amount": face, "cost_minor": face} | values
    return make_batch(size, **values)


def buy(person: User, balance_minor: int, *items: Item, **more: Any) -> Order:
    """An unpaid order that takes so much from its buyer's balance at the most."""
    form = wanted(
        *items, owner=person.public_id, user_id=person.pk, balance_minor=balance_minor, **more
    )
    return order_of(place_order(wanted=form, now=clock.now(), acting="test"))
