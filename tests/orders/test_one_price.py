"""One price: product page, cart, checkout and the order's snapshot agree, whatever is asked when by whom.

PRICE_CASES in the environment asks for more cases than the hundred of the suite.
"""

import os
import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from accounts.models import Membership, User
from catalog.models import Channel, PriceList, Sku
from catalog.offers import ChannelView
from catalog.queries import channel_by_code, product_page
from core import clock
from orders.models import Cart, CartLine, Order
from orders.services.place_order import Wanted, place_order
from orders.views.cart import buyer_of, cart_context, quote_for
from tests.factories import catalog as make
from tests.factories.accounts import make_user
from tests.factories.levels import make_day, make_level_price, make_levels
from tests.factories.orders import item, wanted

pytestmark = pytest.mark.django_db
CASES = int(os.environ.get("PRICE_CASES", "100"))
QUANTITIES = (1, 2, 4, 5, 9, 10, 20)


@pytest.fixture
def shop() -> list[Sku]:
    """Twelve goods in two channels, with steps, dated prices, level prices and a member day."""
    dice, now = random.Random(7), clock.now()
    _one, silver, gold = make_levels()
    corner: Channel = make.make_channel("corner")
    own = PriceList.objects.create(code="gold", name="gold")
    skus = []
    for _ in range(12):
        price = dice.randrange(1000, 20_000)
        sku = make.make_sku(
            kind="manual", price_minor=price, cost_minor=price * dice.randrange(50, 100) // 100
        )
        cost = sku.cost_minor or 0
        make.make_price(sku, max(cost, price - price // 20), min_quantity=5)
        if dice.random() < 0.5:
            make.make_price(sku, max(cost, price - 7), price_list=corner.price_list)
        if dice.random() < 0.5:
            start = now + timedelta(hours=dice.randrange(-30, 30))
            make.make_price(
                sku, max(cost, price - 11), starts_at=start, ends_at=start + timedelta(hours=9)
            )
        if dice.random() < 0.5:
            make.make_price(sku, max(cost, price - price // 10), price_list=own)
        skus.append(sku)
    make_level_price(silver, share_bp=9700, step_minor=10)
    make_level_price(gold, price_list=own)
    make_level_price(gold, share_bp=9000, member_day=make_day(), channel=corner)
    return skus


class Case:
    """A visitor of a level in a channel at a moment, wanting so many of a good."""

    def __init__(self, dice: random.Random, skus: list[Sku], people: dict[int, User]) -> None:
        self.sku, self.quantity = dice.choice(skus), dice.choice(QUANTITIES)
        self.user: Any = people.get(dice.choice((0, 1, 2, 3))) or AnonymousUser()
        self.code = dice.choice(("main", "corner"))
        self.at = clock.now() + timedelta(minutes=dice.randrange(-60 * 36, 60 * 36))

    def __str__(self) -> str:
        return f"{self.quantity} x {self.sku.code} in {self.code}, level {self.level}, {self.at}"

    def request(self) -> Any:
        request = RequestFactory().get("/")
        request.user, request.channel = self.user, self.channel  # type: ignore[attr-defined]
        return request

    @property
    def channel(self) -> ChannelView:
        found = channel_by_code(self.code)
        assert found is not None
        return found

    @property
    def level(self) -> int:
        return self.user.level if self.user.is_authenticated else 0


def people() -> dict[int, User]:
    """One person for each level."""
    found = {}
    for rank in (1, 2, 3):
        user = make_user(email=f"level{rank}@example.com")
        Membership.objects.create(user=user, rank=rank, since=clock.now(), period_start=clock.now())
        found[rank] = user
    return found


def in_cart(case: Case, monkeypatch: pytest.MonkeyPatch) -> int:
    """The unit price that the cart's page shows."""
    request = case.request()
    monkeypatch.setattr(clock, "now", lambda: case.at)
    cart = Cart.objects.create(
        token=os.urandom(16).hex()[:22], channel_id=case.channel.id, created_at=case.at,
        touched_at=case.at,
    )  # fmt: skip
    CartLine.objects.create(cart=cart, sku=case.sku, quantity=case.quantity, created_at=case.at)
    request.COOKIES["qy_basket"] = cart.token
    line = cart_context(request)["lines"][0]
    assert line.problem == ""
    assert line.amount_minor == line.unit_minor * case.quantity
    return int(line.unit_minor)


def in_order(case: Case) -> tuple[int, int]:
    """Unit price and total that the order keeps."""
    goods = item(case.sku, case.quantity)
    user = case.user if case.user.is_authenticated else None
    quoted = quote_for(case.request(), [goods], now=case.at)
    asked: Wanted = wanted(
        goods, channel=case.channel, shown=quoted.fingerprint, level=case.level,
        user_id=user.pk if user else None, owner=user.public_id if user else "",
    )  # fmt: skip
    placed = place_order(wanted=asked, now=case.at, acting="guest")
    order = Order.objects.get(public_id=placed.order)
    line = order.lines.get()
    assert line.paid_minor == order.total_minor == line.unit_minor * case.quantity
    reasons = [one for one in line.adjustments if one["key"] != "dated_price"]
    assert sum(one["amount_minor"] for one in reasons) == line.unit_minor
    return line.unit_minor, quoted.lines[0].unit_minor


def on_page(case: Case) -> tuple[int, int]:
    """What the product page shows for one, and the floor."""
    page = product_page(case.sku.product.slug, case.channel, case.at, level=case.level)
    assert page is not None
    found = next(one for one in page.offers if one.sku_id == case.sku.pk)
    return found.unit_minor, found.floor_minor


def test_every_place_shows_the_same_price(shop: list[Sku], monkeypatch: pytest.MonkeyPatch) -> None:
    seed = int(os.environ.get("PRICE_SEED", "20261122"))
    dice, who = random.Random(seed), people()
    kinds = set()
    # In the order of time: what a process remembers holds until a moment, and time never goes back.
    cases = sorted((Case(dice, shop, who) for _ in range(CASES)), key=lambda case: case.at)
    for number, case in enumerate(cases):
        told = f"case {number} of seed {seed}: {case}"
        with monkeypatch.context() as patched:
            cart = in_cart(case, patched)
        order, checkout = in_order(case)
        single, floor = on_page(case)
        assert cart == checkout == order >= floor, told
        if case.quantity == 1:
            assert single == order, told
        assert order <= single, told
        kinds.add((case.level, order == single))
        assert buyer_of(case.request()).level == case.level
    assert len(kinds) > 4
    assert isinstance(clock.now(), datetime)
