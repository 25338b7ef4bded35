"""What people may do about a unit, alone and in pairs, and what nobody may."""

import pytest
from django.db.models import Q
from pytest_django import Settings

from core import approvals, clock, leases, tx
from core.approvals import NotAllowed, SelfApproval, StalePayload
from core.leases import Lease
from core.models.approval import Approval
from fulfillment.models import Delivery, ManualCase, Supplier
from fulfillment.services.cancel_delivery import cancel_delivery
from fulfillment.services.prepare_attempt import prepare_attempt
from fulfillment.services.resolve_manually import (
    NeedsReference,
    NotProposable,
    propose_resolution,
)
from fulfillment.services.retry_delivery import NotRetryable, StillOpen, retry_delivery
from simulators.supplier_c.script import Supplier as Script
from tests.factories.accounts import make_staff
from tests.factories.fulfillment import make_goods, make_offer
from tests.factories.supply import (
    BY,
    PREPAID,
    advance,
    drive,
    due_now,
    last_attempt,
    make_topup,
    open_unit,
)
from tests.fulfillment.road.conftest import all_holds, books, told
from tests.fulfillment.road.test_callbacks import post
from tests.fulfillment.road.test_road import grants


@pytest.fixture
def pair(db: None) -> tuple[str, str]:
    """Two of support; either may propose, the other may agree."""
    return make_staff("support").public_id, make_staff("support").public_id


def lost(supplier: Supplier, script: Script, settings: Settings) -> Delivery:
    """A unit with a person: bought, answer lost, and silent past every deadline."""
    settings.SUPPLY_TIME_SCALE = 0.000001
    unit = open_unit(make_topup(supplier))
    script.fault("drop_after", op="order")
    script.fault("error_before", op="lookup", times=None)
    drive(unit, until=lambda one: one.state == "manual")
    assert last_attempt(unit).state == "unknown"
    return unit


def propose(unit: Delivery, by: str, verdict: str = "deliver", reference: str = "SC77") -> Approval:
    case = ManualCase.objects.exclude(state="resolved").get(delivery=unit)
    return propose_resolution(
        case_id=case.public_id, verdict=verdict, supplier_reference=reference, note="asked by phone",
        by=by, now=clock.now(),
    )  # fmt: skip


def agree(approval: Approval, by: str, *, yes: bool = True) -> None:
    approvals.decide(approval_id=approval.public_id, by=by, agree=yes, now=clock.now())


@pytest.mark.parametrize("state", ["accepted", "unknown"])
def test_every_path_that_could_buy_again_refuses(
    supplier: Supplier, script: Script, settings: Settings, state: str
) -> None:
    """C09: sweeper, retry button, cancel-and-retry, preparing by hand."""
    settings.SUPPLY_TIME_SCALE = 1.0
    unit = open_unit(make_topup(supplier))
    script.fault("stuck" if state == "accepted" else "drop_after", op="order")
    script.fault("error_before", op="lookup", times=None)
    advance(unit)
    assert last_attempt(unit).state == state
    for _visit in range(3):
        due_now(unit)
        advance(unit)
    with pytest.raises(StillOpen):
        retry_delivery(delivery_id=unit.public_id, by=BY, note="again", now=clock.now())
    with tx.step():
        assert not cancel_delivery(delivery=unit.public_id, now=clock.now(), by=BY, why="refund")
    (lease,) = _hold(unit)
    assert not prepare_attempt(lease=lease, now=clock.now())
    Delivery.objects.filter(pk=unit.pk).update(lease_until=None)
    assert unit.attempts.count() == 1


def _hold(unit: Delivery) -> list[Lease]:
    due_now(unit)
    return leases.claim(Delivery, where=Q(pk=unit.pk), limit=1, seconds=9, now=clock.now())


def test_two_persons_settle_an_unknown_as_delivered(
    supplier: Supplier, script: Script, settings: Settings, pair: tuple[str, str]
) -> None:
    unit = lost(supplier, script, settings)
    approval = propose(unit, pair[0])
    with pytest.raises(SelfApproval):
        agree(approval, pair[0])
    agree(approval, pair[1])
    unit.refresh_from_db()
    assert (unit.state, unit.supplier_no, unit.approval) == (
        "delivered",
        "SC77",
        approval.public_id,
    )
    assert (last_attempt(unit).state, len(told("Delivered"))) == ("succeeded", 1)
    assert ManualCase.objects.get(delivery=unit).state == "resolved"
    assert books(supplier)["supplier_suspense"] == 0
    all_holds()


def test_two_persons_settle_an_unknown_as_not_delivered(
    supplier: Supplier, script: Script, settings: Settings, pair: tuple[str, str]
) -> None:
    unit = lost(supplier, script, settings)
    agree(propose(unit, pair[0], "fail"), pair[1])
    unit.refresh_from_db()
    assert (unit.state, unit.reason) == ("failed", "by_two_persons")
    assert last_attempt(unit).state == "failed"
    assert [fact["reason"] for fact in told("SupplyFailed")] == ["by_two_persons"]
    assert books(supplier)["supplier_prepaid"] == PREPAID


def test_without_the_suppliers_reference_nothing_is_proposed(
    supplier: Supplier, script: Script, settings: Settings, pair: tuple[str, str]
) -> None:
    unit = lost(supplier, script, settings)
    with pytest.raises(NeedsReference):
        propose(unit, pair[0], reference="  ")


def test_without_the_role_nothing_is_proposed(
    supplier: Supplier, script: Script, settings: Settings, pair: tuple[str, str]
) -> None:
    unit = lost(supplier, script, settings)
    with pytest.raises(NotAllowed):
        propose(unit, make_staff("auditor").public_id)
    assert ManualCase.objects.get(delivery=unit).state == "open"


def test_a_proposal_that_the_facts_overtook_is_refused(
    supplier: Supplier, script: Script, settings: Settings, pair: tuple[str, str]
) -> None:
    """The supplier answers at last: what was proposed no longer is what would be carried out."""
    unit = lost(supplier, script, settings)
    approval = propose(unit, pair[0], "fail")
    script.clear_faults()
    settings.SUPPLY_TIME_SCALE = 1.0
    due_now(unit)
    drive(unit, until=lambda one: one.state == "delivered")
    with pytest.raises(StalePayload):
        agree(approval, pair[1])
    unit.refresh_from_db()
    assert (unit.state, grants(script, unit)) == ("delivered", 1)


def test_a_refused_proposal_leaves_the_case_open(
    supplier: Supplier, script: Script, settings: Settings, pair: tuple[str, str]
) -> None:
    unit = lost(supplier, script, settings)
    first = propose(unit, pair[0], "fail")
    with pytest.raises(NotProposable):
        propose(unit, pair[1], "deliver")
    agree(first, pair[1], yes=False)
    agree(propose(unit, pair[1]), pair[0])
    unit.refresh_from_db()
    assert unit.state == "delivered"


def test_goods_handled_by_staff_are_delivered_by_two(pair: tuple[str, str]) -> None:
    unit = drive(open_unit(make_goods("manual")))
    assert (unit.state, unit.reason) == ("manual", "manual")
    agree(propose(unit, pair[0], reference="done by hand"), pair[1])
    unit.refresh_from_db()
    assert (unit.state, len(told("Delivered"))) == ("delivered", 1)
    all_holds()


@pytest.mark.parametrize(
    ("verdict", "state", "fact"),
    [("deliver", "delivered", "Delivered"), ("fail", "failed", "SupplyFailed")],
)
def test_a_unit_that_nobody_sells_at_what_was_paid_is_settled_by_two(
    supplier: Supplier, script: Script, pair: tuple[str, str], verdict: str, state: str, fact: str
) -> None:
    """The margin guard: no purchase at a loss by itself. Two persons hand it over, bought by hand, or give it up."""
    unit = drive(open_unit(make_topup(supplier), paid_minor=1649))
    assert (unit.state, unit.reason, unit.attempts.count()) == ("manual", "margin", 0)
    approval = propose(unit, pair[0], verdict, reference="receipt 7")
    with pytest.raises(SelfApproval):
        agree(approval, pair[0])
    agree(approval, pair[1])
    unit.refresh_from_db()
    assert (unit.state, unit.approval) == (state, approval.public_id)
    assert [one["unit"] for one in told(fact)] == [unit.unit]
    assert ManualCase.objects.get(delivery=unit).state == "resolved"
    assert (grants(script, unit), books(supplier)["supplier_prepaid"]) == (0, PREPAID)
    all_holds()


def test_a_reversed_unit_is_taken_back_by_two(
    supplier: Supplier, script: Script, pair: tuple[str, str]
) -> None:
    unit = open_unit(make_topup(supplier))
    drive(unit)
    script.finish(last_attempt(unit).number, "REVERSED")
    post(script.callback(last_attempt(unit).number))
    agree(propose(unit, pair[0], "fail"), pair[1])
    unit.refresh_from_db()
    assert (unit.state, unit.entitlement.state) == ("revoked", "revoked")
    assert [fact["reason"] for fact in told("DeliveryRevoked")] == ["reversed"]
    all_holds()


def test_a_failed_unit_starts_over_with_every_offer_open(
    supplier: Supplier, script: Script
) -> None:
    unit = open_unit(make_topup(supplier))
    script.fault("reject", op="order", code="OUT_OF_STOCK")
    drive(unit)
    retry_delivery(delivery_id=unit.public_id, by=BY, note="stock is back", now=clock.now())
    drive(unit)
    assert (unit.state, grants(script, unit), unit.attempts.count()) == ("delivered", 1, 2)
    with pytest.raises(StillOpen):
        retry_delivery(delivery_id=unit.public_id, by=BY, note="again", now=clock.now())
    all_holds()


def test_a_canceled_unit_never_comes_back(supplier: Supplier, script: Script) -> None:
    unit = open_unit(make_topup(supplier))
    script.fault("reject", op="order", code="OUT_OF_STOCK")
    drive(unit)
    with tx.step():
        assert cancel_delivery(delivery=unit.public_id, now=clock.now(), by=BY, why="refund")
    with pytest.raises(NotRetryable):
        retry_delivery(delivery_id=unit.public_id, by=BY, note="again", now=clock.now())
    drive(unit)
    assert unit.state == "failed"


def test_a_unit_given_up_after_its_supplier_sold_a_dead_card_can_be_refunded(
    supplier: Supplier, script: Script, pair: tuple[str, str]
) -> None:
    """The purchase stands as succeeded; what it brought is nobody's, and the buyer's money must not stay."""
    sku = make_goods("topup")
    make_offer(sku, supplier, supplier_sku="CARD-1", cost_minor=1650, max_cost_minor=1650)
    first = drive(open_unit(sku, account=None))
    (sold,) = script.grants(external_id=last_attempt(first).number)
    second = open_unit(sku, account=None)
    script.fault("sold_code", op="order", number=sold["number"], secret=sold["secret"])
    drive(second)
    with tx.step():
        assert not cancel_delivery(delivery=second.public_id, now=clock.now(), by=BY, why="refund")
    agree(propose(second, pair[0], "fail"), pair[1])
    second.refresh_from_db()
    assert (second.state, last_attempt(second).state) == ("failed", "succeeded")
    with tx.step():
        assert cancel_delivery(delivery=second.public_id, now=clock.now(), by=BY, why="refund")
    with pytest.raises(StillOpen):
        retry_delivery(delivery_id=second.public_id, by=BY, note="again", now=clock.now())
    all_holds()
