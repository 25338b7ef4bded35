"""A subscription from its first charge on, with a real gateway and a clock that moves."""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Message
from core import invariants
from core.faults import without
from core.tx import step
from fulfillment.models import Entitlement
from orders.models import (
    Order,
    OrderLine,
    Refund,
    RenewalNotice,
    Subscription,
    SubscriptionCharge,
    SubscriptionPeriod,
)
from orders.models.subscription import ChargeOutcome
from orders.services.close_order import expire_order
from orders.services.confirm_payment import Result
from orders.services.subscriptions.cancel_subscription import cancel_subscription, keep_subscription
from orders.services.subscriptions.charge_period import charge_period
from orders.services.subscriptions.end_subscription import end_subscription
from orders.services.subscriptions.pause_subscription import pause_subscription, resume_subscription
from orders.services.subscriptions.plan_period import moment_of
from orders.services.subscriptions.query_mandate import query_mandate
from orders.services.subscriptions.start_subscription import AlreadySubscribed
from orders.services.subscriptions.upgrade_credit import NotUpgradable
from orders.states import MandateState, OrderState, PeriodState, SubscriptionState
from simulators.localpay.script import Gateway
from tests.factories.orders import pay, stocked
from tests.factories.subscriptions import Life, make_plan, month_after, simple_plan

pytestmark = pytest.mark.django_db


@pytest.fixture
def life(gateway: Gateway) -> Life:
    return Life(gateway)


def broken(life: Life) -> list[str]:
    """Invariants that do not hold at the life's moment; the outbox goes by a clock of its own."""
    found = invariants.check_all(now=life.now)
    return [str(one) for one in found if not str(one).startswith("INV-O1 ")]


def test_the_first_charge_begins_it(life: Life) -> None:
    row = life.subscribe(simple_plan())
    assert row.state == SubscriptionState.ACTIVE
    (charge,) = life.charges_at_gateway(row)
    assert charge["amount_minor"] == 9700
    order = Order.objects.get(subscription_charge__period__subscription=row)
    assert (order.state, order.total_minor) == (OrderState.DELIVERED, 9700)
    assert life.next(row).number == 2
    assert Message.objects.filter(template="sub_started").count() == 1
    assert broken(life) == []


def test_first_month_cheap_with_a_gift_and_24_renewals(life: Life) -> None:
    """Must-show 1 without the browser: 6 yuan, then 97, a voucher once, by moving the clock."""
    good, gift = stocked(30), stocked(3)
    plan = make_plan(
        good,
        {"periods": 1, "price_minor": 600, "gift": gift, "newcomers": True},
        {"price_minor": 9700},
        budget_minor=100_000,
    )
    row = life.subscribe(plan)
    for number in range(2, 26):
        period = life.renew(row)
        assert period.number == number
        life.work()
        period.refresh_from_db()
        assert period.state == PeriodState.PAID, number
    paid = sorted(charge["amount_minor"] for charge in life.charges_at_gateway(row))
    assert paid == [600] + [9700] * 24
    assert Entitlement.objects.filter(owner=life.user.public_id, sku=gift).count() == 1
    assert Entitlement.objects.filter(owner=life.user.public_id, sku=good).count() == 25
    assert RenewalNotice.objects.filter(period__subscription=row).count() == 24
    given = OrderLine.objects.get(sku=gift)
    assert (given.paid_minor, given.subsidy_minor > 0) == (0, True)
    assert broken(life) == []


def test_a_failed_charge_is_tried_again_and_nobody_pays_twice(life: Life) -> None:
    row = life.subscribe(simple_plan())
    period = life.renew(row)
    life.gateway.fault("insufficient_funds", op="charge", times=1)
    life.work()
    row.refresh_from_db()
    period.refresh_from_db()
    assert (row.state, period.state) == (SubscriptionState.PAST_DUE, PeriodState.FAILED)
    assert Message.objects.filter(template="sub_failed").count() == 1
    life.work()
    assert period.charges.count() == 1
    life.after(days=1, minutes=1)
    row.refresh_from_db()
    assert row.state == SubscriptionState.ACTIVE
    assert len(life.charges_at_gateway(row)) == 2
    assert [c.outcome for c in period.charges.all()] == [ChargeOutcome.FAILED, ChargeOutcome.PAID]
    assert broken(life) == []


def test_after_the_last_try_it_is_over(life: Life) -> None:
    row = life.subscribe(simple_plan())
    period = life.renew(row)
    life.gateway.fault("insufficient_funds", op="charge", times=None)
    life.work()
    for _ in range(3):
        life.after(days=3)
    row.refresh_from_db()
    assert (row.state, row.ended_why) == (SubscriptionState.ENDED, "unpaid")
    assert period.charges.count() == 4
    assert row.mandate.state == MandateState.ENDED
    assert len(life.charges_at_gateway(row)) == 1
    assert broken(life) == []


@pytest.mark.parametrize("fault", ["drop_after", "error_after", "bad_signature", "half_body"])
def test_no_answer_is_no_failure(life: Life, fault: str) -> None:
    """The money is taken, the answer is lost: the period is paid by it, and only once."""
    row = life.subscribe(simple_plan())
    period = life.renew(row)
    life.gateway.fault(fault, op="charge", times=1)
    life.work()
    period.refresh_from_db()
    assert period.state == PeriodState.PAID
    assert (period.attempts, len(life.charges_at_gateway(row))) == (1, 2)
    assert broken(life) == []


def test_a_request_that_never_arrived_is_sent_again_by_its_number(life: Life) -> None:
    row = life.subscribe(simple_plan())
    period = life.renew(row)
    life.gateway.fault("drop_before", op="charge", times=1)
    life.work()
    period.refresh_from_db()
    assert period.state == PeriodState.CHARGING
    life.after(minutes=2)
    period.refresh_from_db()
    assert (period.state, period.attempts) == (PeriodState.PAID, 1)
    assert len(life.charges_at_gateway(row)) == 2


@pytest.mark.parametrize(("fault", "ends"), [("async", "paid"), ("async_fail", "failed")])
def test_a_charge_may_take_its_time(life: Life, fault: str, ends: str) -> None:
    row = life.subscribe(simple_plan())
    period = life.renew(row)
    life.gateway.fault(fault, op="charge", times=1, seconds=60)
    life.work()
    period.refresh_from_db()
    assert period.state == PeriodState.CHARGING
    for _ in range(3):
        life.after(minutes=2)
    period.refresh_from_db()
    assert period.state == ends
    assert period.charges.count() == 1
    assert broken(life) == []


def test_an_endless_silence_ends_in_a_close_and_then_a_new_try(life: Life) -> None:
    """The gateway answers nothing until the order is over: closed there first, tried again later."""
    row = life.subscribe(simple_plan())
    period = life.renew(row)
    life.gateway.fault("drop_before", op="charge", times=None)
    for _ in range(12):
        life.after(minutes=2)
    period.refresh_from_db()
    assert period.state == PeriodState.FAILED
    life.gateway.clear_faults()
    life.after(days=1)
    period.refresh_from_db()
    assert (period.state, len(life.charges_at_gateway(row))) == (PeriodState.PAID, 2)
    assert broken(life) == []


def expired_try(life: Life) -> tuple[Subscription, SubscriptionPeriod, Order]:
    """A renewal whose request never arrived, and nobody looked until its order was over."""
    row = life.subscribe(simple_plan())
    period = life.renew(row)
    life.gateway.fault("drop_before", op="charge", times=None)
    life.work()
    order = period.charges.get().order
    assert order is not None
    life.at(order.expires_at + timedelta(seconds=1))
    assert expire_order(order=order.public_id, now=life.now)
    return row, period, order


def late_money(life: Life, order: Order) -> Result:
    return pay(order, now=life.now + timedelta(seconds=30)).result


def test_late_money_pays_for_the_period_whose_try_failed(life: Life) -> None:
    row, period, order = expired_try(life)
    life.work()
    period.refresh_from_db()
    assert period.state == PeriodState.FAILED
    assert late_money(life, order) == Result.LATE_HONOURED
    life.after(days=1, minutes=1)
    period.refresh_from_db()
    row.refresh_from_db()
    assert (period.state, row.state) == (PeriodState.PAID, SubscriptionState.ACTIVE)
    assert period.attempts == 1
    assert broken(life) == []


@pytest.mark.parametrize("guarded", [True, False])
def test_late_money_for_a_dropped_period_goes_back(
    life: Life, settings: Any, guarded: bool
) -> None:
    """Canceled meanwhile: nothing is delivered for it. Without the guard it would be, to nobody's use."""
    settings.TEST_HOOKS = True
    row, period, order = expired_try(life)
    assert cancel_subscription(pk=row.pk, now=life.now, acting="test")
    life.work()
    period.refresh_from_db()
    assert period.state == PeriodState.VOID
    before = Entitlement.objects.count()
    if not guarded:
        with without("subscriptions.late"):
            assert late_money(life, order) == Result.LATE_HONOURED
        assert Entitlement.objects.count() == before + 1
        return
    assert late_money(life, order) == Result.LATE_REFUNDED
    order.refresh_from_db()
    assert order.state == OrderState.LATE_PAID
    assert Refund.objects.get(order=order).amount_minor == 9700
    assert Entitlement.objects.count() == before
    assert broken(life) == []


def test_a_period_that_was_paid_after_all_is_not_charged_again(life: Life) -> None:
    """Between the look at late money and the next try: the try sees it under its own lock."""
    _row, period, order = expired_try(life)
    life.work()
    assert late_money(life, order) == Result.LATE_HONOURED
    assert not charge_period(pk=period.pk, now=life.now + timedelta(days=1, minutes=1))
    assert period.charges.count() == 1


def test_a_mandate_ended_at_the_gateway_ends_it(life: Life) -> None:
    row = life.subscribe(simple_plan())
    life.renew(row)
    life.gateway.revoke(row.mandate.number)
    life.work()
    row.refresh_from_db()
    assert (row.state, row.ended_why) == (SubscriptionState.ENDED, "revoked")
    assert len(life.charges_at_gateway(row)) == 1
    assert broken(life) == []


def test_told_of_the_end_of_the_mandate_it_runs_out(life: Life) -> None:
    row = life.subscribe(simple_plan())
    life.gateway.revoke(row.mandate.number)
    assert query_mandate(now=life.now, mandate=row.mandate.public_id)
    row.refresh_from_db()
    assert row.state == SubscriptionState.CANCELLING
    assert not keep_subscription(pk=row.pk, now=life.now, acting="test")
    assert broken(life) == []


def test_without_a_notice_that_left_nothing_is_charged(life: Life) -> None:
    """The mail waits in its queue for weeks; the charge waits for it, and five days more."""
    row = life.subscribe(simple_plan())
    period = life.announce(row)
    assert period.state == PeriodState.NOTICED
    Message.objects.filter(template="sub_renewal").delete()
    (notice,) = RenewalNotice.objects.filter(period=period)
    sent = notice.sent_at
    assert sent is not None
    assert period.not_before == max(moment_of(period.period_start), sent + timedelta(days=5))
    RenewalNotice.objects.filter(pk=notice.pk).update(sent_at=life.now + timedelta(days=9))
    life.at(life.now + timedelta(days=8))
    assert not charge_period(pk=period.pk, now=life.now)
    assert len(life.charges_at_gateway(row)) == 1
    with without("subscriptions.notice"):
        assert charge_period(pk=period.pk, now=life.now)
    assert any("INV-SB2" in one for one in broken(life))


def test_cancel_keeps_what_is_paid_for_and_can_be_undone(life: Life) -> None:
    row = life.subscribe(simple_plan())
    assert cancel_subscription(pk=row.pk, now=life.now, acting="test")
    assert not cancel_subscription(pk=row.pk, now=life.now, acting="test")
    row.refresh_from_db()
    assert (row.state, row.current_end) == (
        SubscriptionState.CANCELLING, row.current_end,
    )  # fmt: skip
    assert keep_subscription(pk=row.pk, now=life.now, acting="test")
    life.renew(row)
    life.work()
    assert len(life.charges_at_gateway(row)) == 2
    assert cancel_subscription(pk=row.pk, now=life.now, acting="test")
    life.after(days=33)
    row.refresh_from_db()
    assert row.state == SubscriptionState.ENDED
    assert row.mandate.state == MandateState.ENDED
    assert len(life.charges_at_gateway(row)) == 2
    assert not end_subscription(pk=row.pk, now=life.now)
    assert broken(life) == []


def test_a_pause_takes_no_money_and_going_on_is_announced(life: Life) -> None:
    row = life.subscribe(simple_plan())
    life.announce(row)
    assert pause_subscription(pk=row.pk, now=life.now, acting="test")
    life.after(days=60)
    assert len(life.charges_at_gateway(row)) == 1
    assert resume_subscription(pk=row.pk, now=life.now, acting="test")
    life.work()
    assert len(life.charges_at_gateway(row)) == 1
    row.refresh_from_db()
    period = life.renew(row)
    life.work()
    period.refresh_from_db()
    assert period.state == PeriodState.PAID
    told = period.notices.get()
    assert told.sent_at is not None
    assert period.charged_at is not None
    assert period.charged_at - told.sent_at >= timedelta(days=5)
    assert broken(life) == []


def test_terms_stay_when_the_plan_and_the_price_change(life: Life) -> None:
    plan = simple_plan()
    row = life.subscribe(plan)
    plan.phases.update(price_minor=9800)
    life.renew(row)
    life.work()
    assert {c["amount_minor"] for c in life.charges_at_gateway(row)} == {9700}


def test_an_upgrade_credits_the_unused_days(life: Life) -> None:
    small = simple_plan(family="video")
    good = stocked(5, cost_minor=9000)
    large = make_plan(good, {"price_minor": 9800}, family="video")
    old = life.subscribe(small)
    assert old.current_start is not None
    assert old.current_end is not None
    life.after(days=10)
    days = (old.current_end - old.current_start).days
    credit = round(9700 * (days - 10) / days)
    new = life.subscribe(large, replaces=old.public_id)
    old.refresh_from_db()
    assert (new.state, old.state) == (SubscriptionState.ACTIVE, SubscriptionState.ENDED)
    assert (new.credit_minor, new.credit_days) == (credit, days - 10)
    assert [c["amount_minor"] for c in life.charges_at_gateway(new)] == [9800 - credit]
    assert old.mandate.state == MandateState.ENDED
    life.renew(new)
    life.work()
    assert [c["amount_minor"] for c in life.charges_at_gateway(new)] == [9800 - credit, 9800]
    with pytest.raises(NotUpgradable):
        life.start(small, replaces=new.public_id)
    assert broken(life) == []


def test_who_refuses_is_not_charged_and_may_begin_anew(life: Life) -> None:
    plan = simple_plan()
    started = life.start(plan)
    row = Subscription.objects.get(public_id=started.subscription)
    life.gateway.open_mandate(started.address)
    life.gateway.refuse(row.mandate.number)
    query_mandate(now=life.now, mandate=row.mandate.public_id)
    row.refresh_from_db()
    assert (row.state, row.ended_why) == (SubscriptionState.ENDED, "refused")
    again = life.subscribe(plan)
    assert again.state == SubscriptionState.ACTIVE
    with pytest.raises(AlreadySubscribed):
        life.start(plan)
    assert broken(life) == []


def test_signed_too_late_is_not_charged(life: Life) -> None:
    started = life.start(simple_plan())
    row = Subscription.objects.get(public_id=started.subscription)
    life.gateway.open_mandate(started.address)
    life.after(minutes=31)
    row.refresh_from_db()
    assert row.state == SubscriptionState.ENDED
    assert row.mandate.state == MandateState.ENDED
    assert SubscriptionCharge.objects.count() == 0


def test_a_first_charge_that_fails_leaves_nothing_behind(life: Life) -> None:
    life.gateway.fault("insufficient_funds", op="charge", times=1)
    row = life.subscribe(simple_plan())
    assert (row.state, row.ended_why) == (SubscriptionState.ENDED, "unpaid")
    assert row.mandate.state == MandateState.ENDED
    assert broken(life) == []


def test_a_budget_that_is_used_up_charges_nobody_more(life: Life) -> None:
    """The second subscriber's first month cannot be paid for: it is not sold at another price."""
    good = stocked(5)
    plan = make_plan(
        good, {"periods": 1, "price_minor": 600}, {"price_minor": 9700}, budget_minor=9000
    )
    assert life.subscribe(plan).state == SubscriptionState.ACTIVE
    other = Life(life.gateway)
    row = other.subscribe(plan)
    assert row.state == SubscriptionState.ENDED
    assert other.charges_at_gateway(row) == []
    assert broken(life) == []


def test_a_plan_of_two_periods_ends_by_itself(life: Life) -> None:
    plan = make_plan(stocked(5), {"periods": 2, "price_minor": 9700})
    row = life.subscribe(plan)
    life.renew(row)
    life.work()
    row.refresh_from_db()
    assert (row.state, row.ended_why) == (SubscriptionState.CANCELLING, "complete")
    life.after(days=40)
    row.refresh_from_db()
    assert row.state == SubscriptionState.ENDED
    assert len(life.charges_at_gateway(row)) == 2


def test_the_same_form_makes_one_subscription(life: Life) -> None:
    plan = simple_plan()
    first = life.start(plan, form_token="one-and-the-same-form")
    again = life.start(plan, form_token="one-and-the-same-form")
    assert first.subscription == again.subscription
    assert month_after(life.now.date().replace(day=3)).day == 3
    with step():
        assert Subscription.objects.count() == 1
