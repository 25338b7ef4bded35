"""One price: product page, cart, checkout, program and the order's snapshot agree, whatever is asked.

`PRICE_CASES=1000` asks for more cases than the forty of the suite, `PRICE_SEED` for others.
"""

import os
import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from accounts.models import Membership
from catalog.models import Channel, PriceList, Sku
from catalog.offers import ChannelView
from catalog.queries import channel_by_code, product_page
from core import clock
from orders.models import Cart, CartLine, Order, Promotion
from orders.services.find_rules import Buyer
from orders.services.place_order import PriceChanged, Wanted, place_order
from orders.services.price_items import price_items
from orders.services.quote import Item, Quote
from orders.views.cart import buyer_of, cart_context, quote_for
from tests.factories import catalog as make
from tests.factories.accounts import make_user
from tests.factories.coupons import coupon_promotion, make_coupon
from tests.factories.levels import make_day, make_level_price, make_levels
from tests.factories.orders import wanted
from tests.factories.promotions import fresh, make_promotion

pytestmark = pytest.mark.django_db
CASES = int(os.environ.get("PRICE_CASES", "40"))
SEED = int(os.environ.get("PRICE_SEED", "20261122"))
QUANTITIES = (1, 1, 2, 4, 5, 9, 10)
CODES = ("SAVE5", "CORNER", "NONE")


@pytest.fixture
def shop() -> list[Sku]:
    """Twelve goods in two channels: steps, dated prices, level prices, a member day, promotions."""
    dice, now = random.Random(7), clock.now()
    _one, silver, gold = make_levels()
    corner: Channel = make.make_channel("corner")
    own = PriceList.objects.create(code="gold", name="gold")
    skus = [_good(dice, corner, own, now) for _ in range(12)]
    make_level_price(silver, share_bp=9700, step_minor=10)
    make_level_price(gold, price_list=own)
    make_level_price(gold, share_bp=9000, member_day=make_day(), channel=corner)
    _promotions(skus, now)
    return skus


def _good(dice: random.Random, corner: Channel, own: PriceList, now: datetime) -> Sku:
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
        end = start + timedelta(hours=9)
        make.make_price(sku, max(cost, price - 11), starts_at=start, ends_at=end)
    if dice.random() < 0.5:
        make.make_price(sku, max(cost, price - price // 10), price_list=own)
    return sku


def _promotions(skus: list[Sku], now: datetime) -> None:
    """One of every place in the stack; for a channel, a level, a time, a first order, a code."""
    hour = timedelta(hours=1)
    named = [f"sku:{sku.code}" for sku in skus]
    make_promotion("percent_off", {"off_bp": 330}, goods=named[:6], minimum_level=2)
    make_promotion("nth_unit", {"nth": 2, "off_bp": 5000}, goods=named[4:8])
    make_promotion("amount_off", {"steps": [[10_000, 137], [50_000, 999]]}, channels=["corner"])
    make_promotion("amount_off", {"steps": [[0, 61]]}, first_order=True, most_uses=10**6)
    make_promotion(
        "special_price", {"unit_minor": 700}, goods=named[9:10], subsidy_minor=10**9,
        starts_at=now - 20 * hour, ends_at=now + 3 * hour,
    )  # fmt: skip
    make_promotion("amount_off", {"steps": [[0, 500]]}, code="SAVE5", most_minor=10**9)
    make_promotion("percent_off", {"off_bp": 800}, code="CORNER", channels=["corner"])


class Case:
    """A visitor of a level in a channel at a moment, with a cart, a code and perhaps a coupon."""

    def __init__(self, dice: random.Random, skus: list[Sku], coupon: Promotion) -> None:
        self.skus = dice.sample(skus, dice.choice((1, 1, 2, 3)))
        self.quantities = [dice.choice(QUANTITIES) for _ in self.skus]
        self.level, self.code = dice.choice((0, 1, 2, 3)), dice.choice(("main", "corner"))
        self.codes = tuple(dice.sample(CODES, dice.choice((0, 0, 1, 2))))
        self.coupon = coupon if self.level and dice.random() < 0.3 else None
        self.changes = dice.random() < 0.2
        self.at = clock.now() + timedelta(minutes=dice.randrange(-60 * 36, 60 * 36))
        self.user: Any = AnonymousUser()

    def __str__(self) -> str:
        goods = [f"{n} x {sku.code}" for n, sku in zip(self.quantities, self.skus, strict=True)]
        return f"{goods} in {self.code}, level {self.level}, {self.at}, {self.codes}"

    def come(self, number: int) -> None:
        """Somebody new, so that nobody's earlier orders count."""
        if not self.level:
            return
        self.user = make_user(email=f"buyer{number}@price.example", password=None)
        Membership.objects.create(
            user=self.user, rank=self.level, since=self.at, period_start=self.at
        )
        if self.coupon is not None:
            make_coupon(self.coupon, self.user.public_id)

    @property
    def items(self) -> list[Item]:
        return [Item(sku.code, n) for sku, n in zip(self.skus, self.quantities, strict=True)]

    @property
    def buyer(self) -> Buyer:
        if not self.level:
            return Buyer()
        return Buyer(self.user.public_id, self.level, user_id=self.user.pk)

    @property
    def request(self) -> Any:
        request = RequestFactory().get("/")
        request.user, request.channel = self.user, self.channel  # type: ignore[attr-defined]
        return request

    @property
    def channel(self) -> ChannelView:
        found = channel_by_code(self.code)
        assert found is not None
        return found


def test_every_place_shows_the_same_price(shop: list[Sku], monkeypatch: pytest.MonkeyPatch) -> None:
    dice, coupon = random.Random(SEED), coupon_promotion({"steps": [[2000, 333]]})
    kinds = set()
    # In the order of time: what a process remembers holds until a moment, and time never goes back.
    cases = sorted((Case(dice, shop, coupon) for _ in range(CASES)), key=lambda case: case.at)
    for number, case in enumerate(cases):
        told = f"case {number} of seed {SEED}: {case}"
        with monkeypatch.context() as patched:
            patched.setattr(clock, "now", lambda at=case.at: at)
            case.come(number)
            assert buyer_of(case.request) == case.buyer, told
            asked = price_items(
                items=case.items, channel=case.channel, buyer=case.buyer, now=case.at
            )
            on_page(case, asked, told)
            in_cart(case, asked, told)
            quoted = at_checkout(case, told)
            kinds.add((case.level, case.code, len(quoted.used)))
            in_order(case, quoted, told)
    # There are some forty kinds of cases; a quarter of a few, most of them in many.
    assert len(kinds) > min(CASES // 4, 30)


def on_page(case: Case, asked: Quote, told: str) -> None:
    """The unit price of one on the product page, and what more of it brings, are the quote's."""
    for line, sku, quantity in zip(asked.lines, case.skus, case.quantities, strict=False):
        page = product_page(sku.product.slug, case.channel, case.at, level=case.level)
        assert page is not None
        offer = next(one for one in page.offers if one.sku_id == sku.pk)
        assert line.unit_minor >= offer.floor_minor, told
        assert line.unit_minor <= offer.unit_minor, told
        if quantity == 1:
            assert line.unit_minor == offer.unit_minor, told


def in_cart(case: Case, asked: Quote, told: str) -> None:
    """The cart's page says what a program is told that asks without any code."""
    token = os.urandom(16).hex()[:22]
    row = Cart.objects.create(
        token=token, channel_id=case.channel.id, created_at=case.at, touched_at=case.at
    )
    for place, (sku, quantity) in enumerate(zip(case.skus, case.quantities, strict=True)):
        CartLine.objects.create(
            cart=row, sku=sku, quantity=quantity, created_at=case.at + timedelta(seconds=place)
        )
    request = case.request
    request.COOKIES["qy_basket"] = token
    shown = cart_context(request)
    assert [line.problem for line in shown["lines"]] == [""] * len(asked.lines), told
    units = [(line.unit_minor, line.quantity) for line in shown["lines"]]
    assert units == [(line.unit_minor, line.quantity) for line in asked.lines], told
    assert shown["total_minor"] == asked.total_minor, told


def at_checkout(case: Case, told: str) -> Quote:
    """Checkout, with the codes that were typed, is what a program gets that names them."""
    shown = quote_for(case.request, case.items, now=case.at, codes=case.codes)
    asked = price_items(
        items=case.items, channel=case.channel, buyer=case.buyer, now=case.at, codes=case.codes
    )
    assert (shown.fingerprint, shown.total_minor) == (asked.fingerprint, asked.total_minor), told
    assert shown.total_minor == sum(line.paid_minor for line in shown.lines), told
    return shown


def in_order(case: Case, quoted: Quote, told: str) -> None:
    """The order keeps just what was shown; a price that changed meanwhile is told first."""
    form = wanted(
        *case.items, channel=case.channel, shown=quoted.fingerprint, level=case.level,
        user_id=case.buyer.user_id, owner=case.buyer.user, codes=case.codes,
    )  # fmt: skip
    if case.changes:
        it_changes_meanwhile(case, form, quoted, told)
    placed = place_order(wanted=form, now=case.at, acting="guest")
    order = Order.objects.get(public_id=placed.order)
    assert order.total_minor == quoted.total_minor == placed.page.amount_minor, told
    for line, shown in zip(order.lines.order_by("position"), quoted.lines, strict=True):
        assert (line.unit_minor, line.paid_minor) == (shown.unit_minor, shown.paid_minor), told
        assert line.adjustments == [one.as_json() for one in shown.adjustments], told


def it_changes_meanwhile(case: Case, form: Wanted, quoted: Quote, told: str) -> None:
    """Another promotion begins between page and order; nothing is placed at a price not shown."""
    surprise = make_promotion("amount_off", {"steps": [[0, 1001]]}, priority=1)
    anew = quote_for(case.request, case.items, now=case.at, codes=case.codes)
    if anew.fingerprint != quoted.fingerprint:
        with pytest.raises(PriceChanged) as changed:
            place_order(wanted=form, now=case.at, acting="guest")
        assert changed.value.quote.fingerprint == anew.fingerprint, told
        assert not Order.objects.filter(form_token=form.form_token).exists(), told
    surprise.delete()
    fresh()
