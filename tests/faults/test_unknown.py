"""Unknown is not failed (C01, C09): the supplier did it, the answer is lost, and nobody buys again."""

import time
from collections.abc import Callable

import pytest

from tests.faults import truth
from tests.faults.goods import TOPUP
from tests.faults.shopper import PayLink, Shopper, hidden
from tests.faults.stage import CAMPAIGN, Stage

PHONE, OTHER_PHONE = "13800138090", "13800138091"
#: What staff or a second worker could do about a unit, straight at the services.
BUY_AGAIN = """
import json, sys, django
django.setup()
from concurrent.futures import ThreadPoolExecutor
from django.db import connections
from core import clock
from fulfillment import road
from fulfillment.services import resolve_manually, retry_delivery
from core.ids import new_id
unit = sys.argv[1]

def visit(_number):
    try:
        return road.advance(unit, now=clock.now())
    finally:
        connections.close_all()

with ThreadPoolExecutor(8) as pool:
    list(pool.map(visit, range(8)))
try:
    retry_delivery.retry_delivery(delivery_id=unit, by="user:usr_X", note="again", now=clock.now())
    print("retried")
except retry_delivery.StillOpen:
    print("refused")
"""


def in_doubt(stage: Stage, phone: str) -> tuple[Shopper, PayLink, str]:
    """A paid top-up that the supplier has carried out without our knowing, nor any way to ask."""
    stage.supplier.fault("drop_after", op="order", match={"account": phone})
    stage.supplier.fault("error_before", op="lookup", times=None, status=503)
    stage.supplier.fault("none", op="callback", times=None)
    buyer = stage.shopper()
    link = buyer.buy(stage.goods.topup_slug, TOPUP, phone=phone)
    stage.gateway.pay(link.number, url=link.url)
    wait_for(lambda: len(stage.supplier.grants(account=phone)) == 1, "the grant")
    wait_for(lambda: unit_of(stage, link)["state"] == "unknown", "the unknown unit")
    return buyer, link, str(unit_of(stage, link)["public_id"])


def unit_of(stage: Stage, link: PayLink) -> dict[str, object]:
    found = stage.rows(
        "select id, public_id, state, reason from fulfillment_delivery where reference = %s",
        [link.order],
    )
    return found[0] if found else {"state": ""}


def wait_for(true: Callable[[], object], what: str, seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, f"{what} did not come"
        time.sleep(0.1)


def test_bought_once_whoever_tries_again(stage: Stage) -> None:
    buyer, link, unit = in_doubt(stage, PHONE)

    # Other workers, all at once, and the service behind every button.
    done = stage.house.run("-c", BUY_AGAIN, unit)
    assert done.stdout.split() == ["refused"], done.stderr[-2000:]
    # An operator at the real address.
    page = f"/admin/fulfillment/delivery/{unit_of(stage, link)['id']}/retry/"
    form = hidden(stage.staff.get(page, Accept_Language="en").text)
    answer = stage.staff.post(page, {**form, "note": "again"}, Accept_Language="en")
    assert answer.status == 200
    assert "another would be a second one" in answer.text
    # The buyer gives back what is not delivered: it is on its way beyond recall.
    buyer.browser.post(f"/orders/{link.order}/refund/", buyer.form_of(f"/orders/{link.order}/"))
    assert stage.gateway.truth(number=link.number)["refunds"] == []
    # The sweeper, several times, with a worker killed on the way.
    stage.house.crash_at("CP14")
    wait_for(lambda: stage.house.crashed("CP14"), "a query to die in")
    time.sleep(3.0)
    assert unit_of(stage, link)["state"] == "unknown"
    assert one_grant(stage, PHONE)

    stage.supplier.clear_faults()
    stage.settle()
    assert unit_of(stage, link)["state"] == "delivered"
    assert "138****8090" in buyer.look(link.order).text
    assert one_grant(stage, PHONE)
    assert stage.one(
        "select count(*) from fulfillment_attempt a join fulfillment_delivery d on d.id = a.delivery_id"
        " where d.public_id = %s", [unit],
    ) == 1  # fmt: skip
    stage.check_invariants()
    truth.compare(stage)


@pytest.mark.skipif(not CAMPAIGN, reason="spoils the books of the stage: only in `dev.py faults`")
def test_control_unknown_taken_for_failed_is_seen(stage: Stage) -> None:
    """Negative control: the buyer's money goes back, the supplier has delivered, and the comparison says so."""
    stage.restart("worker", GUARDS_OFF="supply.unknown")
    stage.supplier.fault("drop_after", op="order", match={"account": OTHER_PHONE})
    buyer = stage.shopper()
    link = buyer.buy(stage.goods.topup_slug, TOPUP, phone=OTHER_PHONE)
    stage.gateway.pay(link.number, url=link.url)
    wait_for(lambda: unit_of(stage, link)["state"] == "failed", "the wrong verdict")
    try:
        # The money tells it first, then the unit.
        with pytest.raises(AssertionError, match=r"the supplier took|granted, and we say"):
            truth.supplier_units(stage)
    finally:
        stage.house.see_off()


def one_grant(stage: Stage, phone: str) -> bool:
    return len(stage.supplier.grants(account=phone)) == 1
