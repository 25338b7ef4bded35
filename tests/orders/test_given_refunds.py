"""What a friend has accepted is not paid back to the giver behind the friend's back."""

import pytest

from core import approvals, clock
from core.invariants import check_all
from core.models import Approval
from core.tx import step
from fulfillment.models import Entitlement, Gift
from orders.models import Refund
from orders.services.two_persons import (
    NothingDelivered,
    carry_out_delivered_refund,
    request_delivered_refund,
)
from tests.factories.accounts import make_staff
from tests.factories.orders import make_paid, relay_all, stocked
from tests.factories.wallet import claim, given

pytestmark = pytest.mark.django_db


def asked(order: str, *rows: Entitlement) -> Approval:
    return request_delivered_refund(
        order=order, deliveries=[row.delivery.public_id for row in rows], reason="does not work",
        by=make_staff("finance").public_id, now=clock.now(),
    )  # fmt: skip


def test_a_claimed_unit_cannot_be_asked_for_and_the_rest_can() -> None:
    order = make_paid(stocked(2), 2)
    relay_all()
    theirs, mine = Entitlement.objects.filter(reference=order.public_id).order_by("id")
    claim(given(theirs), "usr_FRIEND")
    with pytest.raises(NothingDelivered):
        asked(order.public_id, theirs)
    approval = asked(order.public_id, theirs, mine)
    assert approval.payload["deliveries"] == [mine.delivery.public_id]


def test_claimed_while_two_persons_decide_nothing_is_refunded() -> None:
    order = make_paid(stocked(1))
    relay_all()
    row = Entitlement.objects.get(reference=order.public_id)
    gift = given(row)
    approval = asked(order.public_id, row)
    claim(gift, "usr_FRIEND")
    approval.checker = make_staff("finance").public_id
    with step(), pytest.raises(approvals.StalePayload):
        carry_out_delivered_refund(approval, now=clock.now())
    assert not Refund.objects.exists()


def test_an_unclaimed_gift_ends_with_its_refund() -> None:
    order = make_paid(stocked(1))
    relay_all()
    row = Entitlement.objects.get(reference=order.public_id)
    given(row)
    approval = asked(order.public_id, row)
    approval.checker = make_staff("finance").public_id
    with step():
        carry_out_delivered_refund(approval, now=clock.now())
    row.refresh_from_db()
    assert (row.state, row.given_at, Gift.objects.get().state) == ("revoked", None, "ended")
    assert check_all(now=clock.now(), only="INV-W") == []
