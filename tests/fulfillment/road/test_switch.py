"""The kill switch of buying: off, units wait and nobody is called."""

import pytest

from core import clock, switches
from core.tx import step
from fulfillment.services.choose_offer import PURCHASES, choose_offer
from tests.factories.supply import connect, make_topup, open_unit

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    switches.forget()


def throw(*, on: bool) -> None:
    with step():
        switches.throw(name=PURCHASES, on=on, by="user:usr_T", note="test", now=clock.now())
    switches.forget()


def test_nothing_is_bought_while_the_switch_is_off() -> None:
    unit = open_unit(make_topup(connect("http://127.0.0.1:9")))
    throw(on=False)
    assert choose_offer(unit, now=clock.now()).why == "supplier_off"
    throw(on=True)
    assert choose_offer(unit, now=clock.now()).offer is not None
