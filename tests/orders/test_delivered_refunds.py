"""Delivered goods whose money goes back by two persons: taken back where their kind allows."""

import pytest

from core import approvals, clock
from core.invariants import check_all
from core.ledger import balance
from fulfillment.models import Code, CodeIssue, Delivery, Entitlement, Store
from fulfillment.services.redeeming.redeem import redeem
from fulfillment.services.reveal import NotRevealable, reveal
from orders.models import Order, Refund
from orders.services.start_payment import start_payment
from orders.services.two_persons import NothingDelivered, request_delivered_refund
from orders.states import OrderState
from tests.factories.accounts import make_staff
from tests.factories.catalog import make_sku
from tests.factories.orders import make_order, make_paid, relay_all, stocked
from tests.factories.redemption import code_of, make_clerk, make_store, make_voucher_sku

pytestmark = pytest.mark.django_db


def units_of(order: Order) -> list[Delivery]:
    return list(Delivery.objects.filter(reference=order.public_id).order_by("unit"))


def refund(order: Order, *units: Delivery) -> None:
    """Ask for it as one of finance, agree as another."""
    now = clock.now()
    asked = request_delivered_refund(
        order=order.public_id, deliveries=[unit.public_id for unit in units], reason="dead code",
        by=make_staff("finance").public_id, now=now,
    )  # fmt: skip
    approvals.decide(
        approval_id=asked.public_id, by=make_staff("finance").public_id, agree=True, now=now
    )
    relay_all()
    order.refresh_from_db()


def counts(order: Order) -> tuple[int, int]:
    return order.lines.values_list("delivered", "gone").get()


def all_holds() -> None:
    broken = [*check_all(now=clock.now()), *check_all(now=clock.now(), grace=0, only="INV-D")]
    assert [str(one) for one in broken] == []


def test_a_code_is_taken_back_with_its_money_and_never_sold_again() -> None:
    order = make_paid(stocked(2), 2)
    first, second = units_of(order)
    refund(order, first)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("revoked", "delivered")
    assert Entitlement.objects.get(delivery=first).state == "revoked"
    assert CodeIssue.objects.get(delivery=first).code.state == "sold"
    assert not Code.objects.exclude(state="sold").exists()
    with pytest.raises(NotRevealable):
        reveal(delivery_id=first.public_id, by="guest", ip="", now=clock.now())
    assert (counts(order), Refund.objects.get().amount_minor) == ((1, 1), 9850)
    assert balance("revenue", subject=order.public_id) == -9850
    all_holds()


def test_what_was_taken_back_is_not_refunded_twice() -> None:
    order = make_paid(stocked(1))
    (unit,) = units_of(order)
    refund(order, unit)
    with pytest.raises(NothingDelivered):
        refund(order, unit)
    assert counts(order) == (0, 1)
    all_holds()


def test_units_that_cost_nothing_are_counted_once() -> None:
    order = make_order(stocked(2, price_minor=0), 2)
    start_payment(order=order.public_id, provider="free", now=clock.now(), acting="guest")
    refund(order, units_of(order)[0])
    assert counts(order) == (1, 1)
    assert not Refund.objects.exists()
    all_holds()


def test_money_on_an_account_elsewhere_stays_there() -> None:
    order = make_paid(make_sku(kind="manual"))
    (unit,) = units_of(order)
    _done_by_staff(unit)
    order.refresh_from_db()
    assert order.state == OrderState.DELIVERED
    refund(order, unit)
    unit.refresh_from_db()
    assert (unit.state, counts(order)) == ("delivered", (0, 1))
    assert Refund.objects.get().amount_minor == order.total_minor
    all_holds()


def _done_by_staff(unit: Delivery) -> None:
    from fulfillment.road import advance
    from fulfillment.services.resolve_manually import propose_resolution

    advance(unit.public_id, now=clock.now())
    asked = propose_resolution(
        case_id=unit.cases.get().public_id, verdict="deliver", supplier_reference="by hand",
        note="done", by=make_staff("support").public_id, now=clock.now(),
    )  # fmt: skip
    approvals.decide(
        approval_id=asked.public_id, by=make_staff("support").public_id, agree=True,
        now=clock.now(),
    )  # fmt: skip
    relay_all()


def vouchers(units: int) -> tuple[Order, list[Delivery], Store]:
    store = make_store()
    sku = make_voucher_sku(store, sku=make_sku(kind="voucher"), uses=3)
    order = make_paid(sku, units)
    return order, units_of(order), store


def use(unit: Delivery, store: Store) -> None:
    code = code_of(Entitlement.objects.get(delivery=unit))
    redeem(code=code, clerk=make_clerk(store), nonce="n", ip="", now=clock.now())


def test_an_unused_voucher_is_taken_back_and_a_used_one_is_not() -> None:
    order, (unused, used), store = vouchers(2)
    use(used, store)
    with pytest.raises(NothingDelivered):
        refund(order, used)
    refund(order, used, unused)
    states = [Entitlement.objects.get(delivery=unit).state for unit in (unused, used)]
    assert states == ["revoked", "active"]
    assert (counts(order), Refund.objects.get().amount_minor) == ((1, 1), 9850)
    all_holds()


def test_a_voucher_used_before_the_second_person_agrees_is_not_refunded() -> None:
    order, (unit,), store = vouchers(1)
    asked = request_delivered_refund(
        order=order.public_id, deliveries=[unit.public_id], reason="not wanted",
        by=make_staff("finance").public_id, now=clock.now(),
    )  # fmt: skip
    use(unit, store)
    with pytest.raises(approvals.StalePayload):
        approvals.decide(
            approval_id=asked.public_id, by=make_staff("finance").public_id, agree=True,
            now=clock.now(),
        )  # fmt: skip
    assert Entitlement.objects.get().state == "active"
    assert not Refund.objects.exists()
    all_holds()
