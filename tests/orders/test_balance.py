"""A balance is a tender: it pays, and changes no price; the books always say where it is."""

from datetime import timedelta
from typing import Any

import pytest

from core import clock
from core.invariants import check_all
from core.ledger import balance
from core.models import AuditEntry
from orders.models import BalancePayment, Payment
from orders.queries.balance import BalanceMovements, balance_of
from orders.services.close_order import cancel_order, expire_order
from orders.services.exchange.open_batch import CannotOpen, judge
from orders.services.exchange.redeem_code import CodeRefused, Refusal
from orders.services.lotteries.hand_over import hand_over_one
from orders.services.place_order import Placed, PriceChanged, place_order
from orders.services.query_payment import query_payments
from orders.services.start_payment import NotPayable, pay_address, start_payment
from orders.states import OrderState
from tests.factories.accounts import make_user
from tests.factories.balance import buy, make_cards, put
from tests.factories.exchange import made, redeem, texts
from tests.factories.orders import (
    item,
    order_of,
    pay,
    payment_of,
    receipt_of,
    relay_all,
    stocked,
    wanted,
)

pytestmark = pytest.mark.django_db


def sound() -> list[str]:
    now = clock.now()
    families = ("INV-TN", "INV-P", "INV-L", "INV-EX")
    return [str(one) for only in families for one in check_all(now=now, grace=0, only=only)]


def test_part_of_an_order_is_paid_from_the_balance_and_the_books_say_so() -> None:
    ann = make_user()
    put(ann.public_id, 3000)
    order = buy(ann, 3000, item(stocked(1, price_minor=10_000)))
    assert (order.total_minor, payment_of(order).amount_minor) == (10_000, 7000)
    assert (balance_of(ann.public_id), balance("balance_held")) == (0, -3000)
    assert sound() == []
    pay(order)
    relay_all()
    order.refresh_from_db()
    assert order.state == OrderState.DELIVERED
    assert balance("balance_held") == 0
    assert balance("revenue", subject=order.public_id) == -10_000
    assert balance("order_obligation", subject=order.public_id) == 0
    assert balance("psp_clearing:localpay") == 7000
    assert sound() == []


def test_a_balance_that_covers_all_needs_no_provider() -> None:
    ann = make_user()
    put(ann.public_id, 12_000)
    form = wanted(
        item(stocked(1, price_minor=10_000)), owner=ann.public_id, user_id=ann.pk,
        balance_minor=12_000,
    )  # fmt: skip
    placed = place_order(wanted=form, now=clock.now(), acting="test")
    assert pay_address(placed.page, now=clock.now()).endswith(f"/orders/{placed.order}/")
    order = order_of(placed)
    payment = payment_of(order)
    assert order.state == OrderState.DELIVERED
    assert (payment.provider, payment.amount_minor, payment.applied) == ("free", 0, True)
    assert balance_of(ann.public_id) == 2000
    assert sound() == []


def test_a_browser_that_left_before_the_balance_was_spent_is_paid_all_the_same() -> None:
    ann = make_user()
    put(ann.public_id, 10_000)
    order = buy(ann, 10_000, item(stocked(1, price_minor=10_000)))
    Payment.objects.update(not_before=clock.now())
    query_payments(now=clock.now())
    order.refresh_from_db()
    assert order.state == OrderState.DELIVERED
    assert sound() == []


def test_prices_promotions_and_points_know_nothing_of_it() -> None:
    ann = make_user()
    put(ann.public_id, 3000)
    sku = stocked(2, price_minor=10_000)
    with_it, without = buy(ann, 3000, item(sku)), buy(ann, 0, item(sku))
    assert with_it.total_minor == without.total_minor
    assert with_it.explanation == without.explanation
    assert not BalancePayment.objects.filter(order=without).exists()


def test_who_has_less_than_they_saw_is_told() -> None:
    ann = make_user()
    put(ann.public_id, 3000)
    sku = stocked(3, price_minor=10_000)
    buy(ann, 2000, item(sku))
    with pytest.raises(PriceChanged):
        buy(ann, 3000, item(sku))
    assert balance_of(ann.public_id) == 1000
    assert sound() == []


def test_a_guest_has_none() -> None:
    form = wanted(item(stocked(1, price_minor=10_000)), balance_minor=500)
    order = order_of(place_order(wanted=form, now=clock.now(), acting="guest"))
    assert payment_of(order).amount_minor == 10_000


@pytest.mark.parametrize("how", ["expired", "cancelled"])
def test_an_order_that_comes_to_nothing_gives_it_back_once(how: str) -> None:
    ann = make_user()
    put(ann.public_id, 3000)
    order = buy(ann, 3000, item(stocked(1, price_minor=10_000)))
    late = order.expires_at + timedelta(seconds=1)
    for _ in range(2):
        if how == "expired":
            expire_order(order=order.public_id, now=late)
        else:
            cancel_order(order=order.public_id, now=clock.now(), acting="test")
    assert balance_of(ann.public_id) == 3000
    assert balance("balance_held") == 0
    assert sound() == []


def test_late_money_takes_it_again_or_goes_back() -> None:
    ann = make_user()
    put(ann.public_id, 3000)
    sku = stocked(3, price_minor=10_000)
    first, second = buy(ann, 3000, item(sku)), None
    at = first.expires_at + timedelta(seconds=1)
    expire_order(order=first.public_id, now=at)
    pay(first, now=at)
    first.refresh_from_db()
    assert first.state == OrderState.DELIVERED
    assert BalancePayment.objects.get(order=first).turn == 2
    assert balance_of(ann.public_id) == 0
    put(ann.public_id, 3000)
    second = buy(ann, 3000, item(stocked(1, price_minor=10_000)))
    at = second.expires_at + timedelta(seconds=1)
    expire_order(order=second.public_id, now=at)
    buy(ann, 2000, item(sku))
    pay(second, now=at)
    second.refresh_from_db()
    assert second.state == OrderState.LATE_PAID
    assert second.refunds.get().amount_minor == 7000
    assert (second.refunds.get().balance_minor, balance_of(ann.public_id)) == (0, 1000)
    assert sound() == []


def test_late_money_that_finds_no_stock_leaves_the_balance_alone() -> None:
    ann = make_user()
    put(ann.public_id, 3000)
    sku = stocked(1, price_minor=10_000)
    order = buy(ann, 3000, item(sku))
    at = order.expires_at + timedelta(seconds=1)
    expire_order(order=order.public_id, now=at)
    pay(buy(make_user(), 0, item(sku)))
    pay(order, now=at)
    assert (balance_of(ann.public_id), balance("balance_held")) == (3000, 0)
    assert sound() == []


def test_another_provider_asks_for_the_same_rest() -> None:
    ann = make_user()
    put(ann.public_id, 3000)
    order = buy(ann, 3000, item(stocked(1, price_minor=10_000)))
    Payment.objects.update(state="failed", not_before=None)
    start_payment(order=order.public_id, provider="localpay", now=clock.now(), acting="test")
    assert [one.amount_minor for one in order.payments.all()] == [7000, 7000]
    with pytest.raises(NotPayable):
        start_payment(order=order.public_id, provider="free", now=clock.now(), acting="test")


def test_a_second_payment_goes_back_as_money_alone() -> None:
    ann = make_user()
    put(ann.public_id, 3000)
    order = buy(ann, 3000, item(stocked(1, price_minor=10_000)))
    Payment.objects.update(state="failed", not_before=None)
    start_payment(order=order.public_id, provider="localpay", now=clock.now(), acting="test")
    pay(order)
    pay(order, number=order.payments.order_by("id")[0].number, txn="second")
    refund = order.refunds.get()
    assert (refund.kind, refund.amount_minor, refund.balance_minor) == ("duplicate", 7000, 0)
    assert sound() == []


def test_the_same_form_finds_the_same_order() -> None:
    ann = make_user()
    put(ann.public_id, 3000)
    form = wanted(
        item(stocked(2, price_minor=10_000)), owner=ann.public_id, user_id=ann.pk,
        balance_minor=3000,
    )  # fmt: skip
    first, again = (place_order(wanted=form, now=clock.now(), acting="test") for _ in range(2))
    assert isinstance(first, Placed)
    assert (again.order, again.replayed) == (first.order, True)
    assert again.page.amount_minor == 7000
    assert balance_of(ann.public_id) == 0


@pytest.mark.parametrize(
    ("origin", "paid_by"), [("given", "balance_given"), ("sold", "cards_sold")]
)
def test_a_card_is_credited_once_and_says_who_paid_for_it(origin: str, paid_by: str) -> None:
    ann = make_user()
    batch = made(make_cards(2, 10_000, origin=origin))
    owed = balance("cards_sold")
    assert owed == (-20_000 if origin == "sold" else 0)
    done = redeem(texts(batch)[0], owner=ann.public_id, user_id=ann.pk)
    assert (done.state, done.result) == ("done", ann.public_id)
    assert balance_of(ann.public_id) == 10_000
    assert balance(paid_by) == owed + 10_000
    done.state = "waiting"
    hand_over_one(done, now=clock.now())
    assert balance_of(ann.public_id) == 10_000
    entry = AuditEntry.objects.get(tag="balance:credited")
    assert entry.after
    assert (entry.subject, entry.after["amount_minor"]) == (ann.public_id, 10_000)
    moved = BalanceMovements(ann.public_id)[:5]
    assert [(one.kind, one.points, one.note) for one in moved] == [("balance.card", 10_000, "兑换")]
    assert sound() == []


def test_a_card_needs_an_account() -> None:
    batch = made(make_cards(1))
    with pytest.raises(CodeRefused) as refused:
        redeem(texts(batch)[0])
    assert refused.value.why == Refusal.ACCOUNT
    assert batch.codes.get().used_at is None


@pytest.mark.parametrize("wrong", [{"face": 100_001}, {"cost_minor": 9999}])
def test_cards_that_hide_what_they_make_are_not_made(wrong: dict[str, Any]) -> None:
    with pytest.raises(CannotOpen):
        judge(make_cards(1, **wrong), now=clock.now())


def test_a_notice_of_the_whole_total_does_not_fit() -> None:
    ann = make_user()
    put(ann.public_id, 3000)
    order = buy(ann, 3000, item(stocked(1, price_minor=10_000)))
    receipt = receipt_of(payment_of(order))
    assert receipt.amount_minor == 7000
    with pytest.raises(Exception, match="wrong_amount"):
        pay(order, amount_minor=10_000)
