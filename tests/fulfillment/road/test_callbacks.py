"""What suppliers tell us unasked: once, late, twenty times at once, in the wrong order, forged."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.test import Client
from pytest_django import Settings

from core import clock, faults
from fulfillment.models import (
    Delivery,
    Entitlement,
    ManualCase,
    Supplier,
    SupplierEvent,
)
from fulfillment.services.receive_callback import receive_callback
from simulators.supplier_c.script import Callback
from simulators.supplier_c.script import Supplier as Script
from tests.factories.supply import advance, due_now, last_attempt, make_topup, open_unit
from tests.fulfillment.road.conftest import all_holds, books, told

URL = "/suppliers/c/callback/"


def stuck(supplier: Supplier, script: Script) -> Delivery:
    """A unit that the supplier has taken and does not finish by itself."""
    unit = open_unit(make_topup(supplier))
    script.fault("stuck", op="order", state="SUBMITTED")
    advance(unit)
    assert last_attempt(unit).state == "accepted"
    return unit


def hear(made: Callback) -> int:
    answer = receive_callback(
        supplier_code="c", headers=made.headers, body=made.body, now=clock.now()
    )
    return answer.status


def post(made: Callback, url: str = URL) -> int:
    """Through the real address, as the supplier does."""
    headers = {
        name: value for name, value in made.headers.items() if name.lower() != "content-type"
    }
    return (
        Client().post(url, made.body, content_type="application/json", headers=headers).status_code
    )


def test_a_strong_success_delivers_at_once(supplier: Supplier, script: Script) -> None:
    unit = stuck(supplier, script)
    script.finish(last_attempt(unit).number, "COMPLETED")
    assert post(script.callback(last_attempt(unit).number)) == 200
    unit.refresh_from_db()
    assert (unit.state, last_attempt(unit).state) == ("delivered", "succeeded")
    all_holds()


def _storm(unit: Delivery, made: Callback) -> list[BaseException]:
    """Twenty copies and a poller at once; returns what went wrong."""
    wrong: list[BaseException] = []
    start = threading.Barrier(24)

    def run(work: Callable[[], object]) -> None:
        start.wait()
        try:
            work()
        except BaseException as error:  # noqa: BLE001  counted, not handled
            wrong.append(error)
        finally:
            connections.close_all()

    def poll() -> None:
        due_now(Delivery.objects.get(pk=unit.pk))
        advance(Delivery.objects.get(pk=unit.pk))

    with ThreadPoolExecutor(24) as pool:
        for work in [lambda: hear(made)] * 20 + [poll] * 4:
            pool.submit(run, work)
    return wrong


def test_twenty_copies_with_a_poller_are_one_delivery(standing: Supplier, script: Script) -> None:
    """C04."""
    unit = stuck(standing, script)
    number = last_attempt(unit).number
    script.finish(number, "COMPLETED")
    assert _storm(unit, script.callback(number)) == []
    unit.refresh_from_db()
    assert (unit.state, Entitlement.objects.filter(delivery=unit).count()) == ("delivered", 1)
    assert len(told("Delivered")) == 1
    assert SupplierEvent.objects.filter(source="callback").count() == 1
    assert books(standing)["cogs"] == 1650
    all_holds()


def test_control_without_the_guard_the_storm_does_harm(standing: Supplier, script: Script) -> None:
    unit = stuck(standing, script)
    number = last_attempt(unit).number
    script.finish(number, "COMPLETED")
    with faults.without("supply.once"):
        assert _storm(unit, script.callback(number)) != []


@pytest.mark.parametrize(
    "kind",
    ["bad_signature", "no_signature", "other_key", "unknown_key_id", "old", "future", "malformed",
     "not_utf8", "huge", "other_order", "bad_state"],
)  # fmt: skip
def test_forged_ones_change_nothing_and_are_kept(
    supplier: Supplier, script: Script, kind: str
) -> None:
    unit = stuck(supplier, script)
    number = last_attempt(unit).number
    made = script.callback(number, forge=kind, state="COMPLETED")
    assert post(made) in (200, 400, 413)
    unit.refresh_from_db()
    assert (unit.state, last_attempt(unit).state) == ("dispatched", "accepted")
    kept = SupplierEvent.objects.filter(source="callback")
    if kind != "huge":
        assert kept.get().verdict == "unknown" or kept.get().attempt_id is None
    assert (
        not kept.filter(trusted=True, attempt=last_attempt(unit))
        .exclude(verdict="unknown")
        .exists()
    )


def test_a_forged_copy_does_not_use_up_the_true_one(supplier: Supplier, script: Script) -> None:
    unit = stuck(supplier, script)
    number = last_attempt(unit).number
    script.finish(number, "COMPLETED")
    made = script.callback(number)
    spoiled = Callback(made.url, {**made.headers, "X-Signature": "0" * 64}, made.body)
    assert post(spoiled) == 400
    assert post(made) == 200
    unit.refresh_from_db()
    assert unit.state == "delivered"


def test_a_flood_of_forgeries_is_capped(supplier: Supplier, script: Script) -> None:
    unit = stuck(supplier, script)
    made = script.callback(last_attempt(unit).number, forge="bad_signature")
    for turn in range(40):
        post(Callback(made.url, {**made.headers, "X-Callback-Id": f"X{turn}"}, made.body))
    assert SupplierEvent.objects.filter(source="callback").count() == 30


def test_a_signed_message_about_another_account_is_not_believed(
    supplier: Supplier, script: Script
) -> None:
    unit = stuck(supplier, script)
    made = script.callback(
        last_attempt(unit).number, state="COMPLETED", delivered=1, target={"account": "13900139000"}
    )
    assert post(made) == 200
    unit.refresh_from_db()
    assert unit.state == "dispatched"


def test_a_failure_is_asked_back_before_it_is_believed(supplier: Supplier, script: Script) -> None:
    """C05, first no then yes: the signed opposite alone fails nothing."""
    unit = stuck(supplier, script)
    number = last_attempt(unit).number
    assert post(script.callback(number, state="FAILED")) == 200
    unit.refresh_from_db()
    assert unit.state == "dispatched"
    advance(unit)
    assert (unit.state, told("SupplyFailed")) == ("dispatched", [])
    script.finish(number, "FAILED", code="OPERATOR_FAILED")
    post(script.callback(number))
    advance(unit)
    assert (unit.state, unit.reason) == ("failed", "operator_failed")
    all_holds()


def test_older_news_after_the_end_change_nothing(supplier: Supplier, script: Script) -> None:
    unit = stuck(supplier, script)
    number = last_attempt(unit).number
    older = script.callback(number, state="SUBMITTED")
    script.finish(number, "COMPLETED")
    post(script.callback(number))
    assert post(older) == 200
    due_now(unit)
    advance(unit)
    assert (unit.state, last_attempt(unit).state, len(told("Delivered"))) == (
        "delivered", "succeeded", 1,
    )  # fmt: skip


def test_a_reversal_opens_a_case_and_never_flips_the_unit(
    supplier: Supplier, script: Script
) -> None:
    """C05, first yes then no."""
    unit = stuck(supplier, script)
    number = last_attempt(unit).number
    script.finish(number, "COMPLETED")
    post(script.callback(number))
    script.finish(number, "REVERSED")
    reversal = script.callback(number)
    for _copy in range(3):
        assert post(reversal) == 200
    unit.refresh_from_db()
    assert (unit.state, last_attempt(unit).state) == ("delivered", "reversed")
    assert ManualCase.objects.get(delivery=unit).why == "reversed"
    assert len(told("DeliveryReversed")) == 1
    assert books(supplier)["cogs"] == 0
    all_holds()


def test_success_after_failure_is_a_loss_with_an_owner(supplier: Supplier, script: Script) -> None:
    unit = stuck(supplier, script)
    number = last_attempt(unit).number
    script.finish(number, "FAILED", code="OPERATOR_FAILED")
    post(script.callback(number))
    advance(unit)
    assert unit.state == "failed"
    late = script.callback(number, state="COMPLETED", delivered=1, cost="16.50")
    fresh = Callback(late.url, late.headers, late.body)
    post(fresh)
    unit.refresh_from_db()
    case = ManualCase.objects.filter(delivery=unit).first()
    assert unit.state == "failed"
    assert case is not None
    assert case.why == "contradiction"
    assert books(supplier)["loss"] == 1650


@pytest.mark.parametrize("url", ["/suppliers/nobody/callback/", "/suppliers/s1/callback/"])
def test_nobodys_address(supplier: Supplier, script: Script, url: str) -> None:
    unit = stuck(supplier, script)
    assert post(script.callback(last_attempt(unit).number), url) == 404


def test_reading_is_not_a_callback(supplier: Supplier) -> None:
    assert Client().get(URL).status_code == 405


def test_a_success_in_question_is_asked_about_on_the_ladder(
    supplier: Supplier, script: Script, settings: Settings
) -> None:
    """A supplier that is silent about it is not asked at every sweep."""
    settings.SUPPLY_TIME_SCALE = 1.0
    unit = stuck(supplier, script)
    number = last_attempt(unit).number
    older = script.callback(number, state="SUBMITTED")
    script.finish(number, "COMPLETED")
    post(script.callback(number))
    script.fault("error_before", op="lookup", times=None)
    post(older)
    due_now(unit)
    advance(unit)
    attempt = last_attempt(unit)
    assert attempt.state == "succeeded"
    assert attempt.next_query_at is not None
    assert attempt.next_query_at > clock.now()
