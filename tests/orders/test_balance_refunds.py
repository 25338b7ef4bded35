"""Refunding any units in any order gives back exactly what the balance and the provider were paid."""

import itertools
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import approvals, clock
from core.invariants import check_all
from core.ledger import balance
from core.money import split_minor
from orders.models import Order, Refund
from orders.payments.base import RefundAnswer, Return
from orders.queries.balance import balance_of
from orders.queries.orders import kept_minor
from orders.queries.units import unit_states
from orders.services.balance.balance_shares import line_shares, unit_share
from orders.services.push_refund import push_refunds, record_refund_answer
from orders.services.request_refund import NothingToRefund, request_refund
from orders.services.retry_refund import retry_refund
from orders.services.two_persons import request_delivered_refund
from tests.factories.accounts import make_staff, make_user
from tests.factories.balance import buy, put
from tests.factories.catalog import make_sku
from tests.factories.orders import item, pay, relay_all, stocked

# Twelve baskets with the database in the suite, up to 200 with PROMOTION_CASES.
CASES = int(os.environ.get("PROMOTION_CASES", "0"))


@settings(max_examples=CASES or 300, deadline=None)
@given(
    lines=st.lists(
        st.tuples(st.integers(0, 50_000), st.integers(1, 9)), min_size=1, max_size=6
    ).filter(lambda lines: any(amount for amount, _ in lines)),
    part=st.floats(0, 1),
)
def test_no_unit_gives_more_to_the_balance_than_it_cost(
    lines: list[tuple[int, int]], part: float
) -> None:
    total = sum(amount for amount, _ in lines)
    used = min(total, int(total * part))
    shares = line_shares(used, [(f"l{n}", amount) for n, (amount, _) in enumerate(lines)])
    back = 0
    for n, (amount, quantity) in enumerate(lines):
        for unit, cost in enumerate(split_minor(amount, [1] * quantity), start=1):
            share = unit_share(shares, f"l{n}", quantity, unit)
            assert 0 <= share <= cost
            back += share
    assert back == used


@pytest.mark.django_db
def test_any_units_in_any_order_give_back_what_they_cost() -> None:
    first = make_sku(kind="topup", price_minor=997, cost_minor=1)
    second = make_sku(kind="topup", price_minor=331, cost_minor=1)
    numbers = itertools.count(1)

    @settings(
        max_examples=min(CASES or 12, 200), deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(
        units=st.tuples(st.integers(1, 3), st.integers(1, 3)), used=st.integers(1, 4000),
        picks=st.lists(st.integers(0, 5), unique=True),
    )  # fmt: skip
    def refunded(units: tuple[int, int], used: int, picks: list[int]) -> None:
        ann = make_user(email=f"ann{next(numbers)}@example.com")
        put(ann.public_id, used)
        order = buy(ann, used, item(first, units[0]), item(second, units[1]))
        held = used - balance_of(ann.public_id)
        assert held == min(used, order.total_minor)
        pay(order)
        opened = [state.delivery for state in unit_states(order.public_id)]
        for delivery in (opened[n] for n in picks if n < len(opened)):
            _refund(order, [delivery])
            assert _back(order)[0] == balance_of(ann.public_id) - (used - held)
        for delivery in opened:
            _refund(order, [delivery])
        assert _back(order) == (held, order.total_minor - held)
        assert balance_of(ann.public_id) == used
        assert kept_minor(order) == 0
        assert balance("order_obligation", subject=order.public_id) == 0

    refunded()
    assert not check_all(now=clock.now(), grace=0, only="INV-TN")


def _refund(order: Order, deliveries: list[str]) -> None:
    try:
        request_refund(
            order=order.public_id, now=clock.now(), acting="test", reason="test",
            deliveries=deliveries,
        )  # fmt: skip
    except NothingToRefund:
        return


def _back(order: Order) -> tuple[int, int]:
    """What went back to the balance, and to the provider; minor units."""
    rows = Refund.objects.filter(order=order).values_list("balance_minor", "amount_minor")
    return sum(row[0] for row in rows), sum(row[1] for row in rows)


@pytest.mark.django_db
def test_what_the_balance_paid_alone_is_refunded_without_a_provider() -> None:
    ann = make_user()
    put(ann.public_id, 997)
    order = buy(ann, 997, item(make_sku(kind="topup", price_minor=997, cost_minor=1)))
    pay(order)
    _refund(order, [unit.delivery for unit in unit_states(order.public_id)])
    assert balance_of(ann.public_id) == 997
    push_refunds(now=clock.now())
    relay_all()
    order.refresh_from_db()
    refund = order.refunds.get()
    assert (refund.state, refund.amount_minor, refund.balance_minor) == ("succeeded", 0, 997)
    assert order.state == "refunded"
    assert not check_all(now=clock.now(), grace=0)


@pytest.mark.django_db
def test_a_refund_that_the_provider_refuses_leaves_the_balance_where_it_is() -> None:
    ann = make_user()
    put(ann.public_id, 400)
    order = buy(ann, 400, item(make_sku(kind="topup", price_minor=1000, cost_minor=1)))
    pay(order)
    _refund(order, [unit.delivery for unit in unit_states(order.public_id)])
    refund = order.refunds.get()
    assert (refund.amount_minor, refund.balance_minor) == (600, 400)
    Refund.objects.update(state="submitted")
    _answer(refund, Return.FAILED)
    assert (balance_of(ann.public_id), balance("refund_payable")) == (400, -600)
    assert retry_refund(refund=refund.public_id, now=clock.now(), acting="test")
    refund.refresh_from_db()
    assert (refund.state, refund.amount_minor, refund.balance_minor) == ("approved", 600, 400)
    Refund.objects.update(state="submitted")
    _answer(refund, Return.SUCCEEDED)
    order.refresh_from_db()
    assert (order.state, balance_of(ann.public_id)) == ("refunded", 400)
    assert balance("refund_payable") == 0
    assert not check_all(now=clock.now(), grace=0, only="INV-TN")


def _answer(refund: Refund, standing: Return) -> None:
    answer = RefundAnswer(standing, refund.amount_minor, "CNY", why="closed")
    record_refund_answer(
        refund=refund.public_id, number=refund.number, answer=answer, now=clock.now()
    )


@pytest.mark.django_db
def test_delivered_goods_go_back_once_with_their_part_of_the_balance() -> None:
    ann = make_user()
    put(ann.public_id, 15_000)
    order = buy(ann, 15_000, item(stocked(2, price_minor=10_000), 2))
    pay(order)
    relay_all()
    units = [unit.delivery for unit in unit_states(order.public_id)]
    for unit in units:
        maker, checker = make_staff("operator"), make_staff("operator")
        asked = request_delivered_refund(
            order=order.public_id, deliveries=[unit], reason="test", by=maker.public_id,
            now=clock.now(),
        )  # fmt: skip
        approvals.decide(
            approval_id=asked.public_id, by=checker.public_id, agree=True, now=clock.now()
        )
    assert _back(order) == (15_000, 5000)
    assert balance_of(ann.public_id) == 15_000
    assert balance("revenue", subject=order.public_id) == 0
    assert not check_all(now=clock.now(), grace=0, only="INV-TN")
