"""The tables of states: legal walks only, and one derivation."""

import pytest
from django.db import DatabaseError, transaction
from hypothesis import given
from hypothesis import strategies as st

from orders.models import Order, Payment, Refund
from orders.states import (
    ORDER_STEPS,
    ORDER_TRANSITIONS,
    PAYMENT_STEPS,
    PAYMENT_TRANSITIONS,
    REFUND_STEPS,
    OrderState,
    PaymentState,
    RefundState,
    derive,
    path,
)
from tests.factories.orders import make_order, stocked


@pytest.mark.parametrize(
    ("steps", "states"),
    [(ORDER_STEPS, OrderState), (PAYMENT_STEPS, PaymentState), (REFUND_STEPS, RefundState)],
)
def test_every_state_has_its_row(steps: dict[str, frozenset[str]], states: type) -> None:
    assert set(steps) == set(states.values)  # type: ignore[attr-defined]
    assert all(target in steps for targets in steps.values() for target in targets)


@pytest.mark.parametrize(
    ("leaps", "steps"), [(ORDER_TRANSITIONS, ORDER_STEPS), (PAYMENT_TRANSITIONS, PAYMENT_STEPS)]
)
def test_every_leap_is_a_walk_of_single_steps(leaps: object, steps: object) -> None:
    for source, targets in leaps.items():  # type: ignore[attr-defined]
        for target in targets:
            walk = path(steps, source, target)  # type: ignore[arg-type]
            assert walk[0] == source
            assert walk[-1] == target


def test_there_is_no_way_back_from_the_end() -> None:
    for end in (OrderState.REFUNDED, PaymentState.SUCCEEDED, RefundState.SUCCEEDED):
        steps = {**ORDER_STEPS, **PAYMENT_STEPS, **REFUND_STEPS}
        assert steps[end] == frozenset()
    with pytest.raises(ValueError, match="no way"):
        path(ORDER_STEPS, OrderState.REFUNDED, OrderState.PAID)


@given(st.integers(1, 20), st.integers(0, 20), st.integers(0, 20), st.integers(0, 20))
def test_the_derived_state_says_what_the_units_say(
    units: int, delivered: int, gone: int, failed: int
) -> None:
    if delivered + gone + failed > units:
        return
    state = derive(units=units, delivered=delivered, gone=gone, failed=failed)
    assert (state == OrderState.FULFILLING) == (delivered + gone + failed < units)
    assert (state == OrderState.DELIVERED) == (delivered == units)
    assert (state == OrderState.FAILED) == (delivered == 0 and gone + failed == units)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("model", "was", "became"),
    [
        (Order, "pending_payment", "refunded"),
        (Order, "pending_payment", "late_paid"),
        (Order, "pending_payment", "failed"),
        (Payment, "submitted", "created"),
    ],
)
def test_the_database_refuses_other_pairs(model: type, was: str, became: str) -> None:
    make_order(stocked(1))
    with pytest.raises(DatabaseError), transaction.atomic():
        model.objects.filter(state=was).update(state=became)  # type: ignore[attr-defined]
    assert not Refund.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change", [{"total_minor": 1}, {"units": 9}, {"terms_version": "x"}, {"explanation": [1]}]
)
def test_the_promise_of_an_order_does_not_change(change: dict[str, object]) -> None:
    order = make_order(stocked(1))
    with pytest.raises(DatabaseError), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        order.lines.update(paid_minor=1)
