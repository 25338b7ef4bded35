"""The floor on every path that sets or finds a price: one list of paths, one test for each."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from catalog.models import Price, PriceList, PriceRule, Sku
from catalog.queries import offer
from catalog.services.import_catalogue import import_catalogue
from catalog.services.save_pricing import save_rule
from catalog.services.set_cost import set_cost
from catalog.services.set_price import PriceRefused, set_price
from orders.services.quote import Buyer, Item, quote
from tests.architecture.tree import FLOORS, ROOT, python
from tests.catalog.admin.test_admin import fields_of
from tests.catalog.importing.test_rows import GOOD, file_of
from tests.factories import catalog as make
from tests.factories.accounts import make_staff
from tests.factories.levels import make_level, make_level_price

pytestmark = pytest.mark.django_db
FLOOR, COST = 9500, 9000


@pytest.fixture
def sku() -> Sku:
    """Costs 90, may not be advertised under 95, sold at 98."""
    return make.make_sku(price_minor=9800, cost_minor=COST, advertised_minimum_minor=FLOOR)


def by_service(sku: Sku, now: datetime) -> None:
    for amount in (FLOOR - 1, COST - 1):
        with pytest.raises(PriceRefused):
            set_price(
                sku_id=sku.pk, price_list_id=make.base().price_list_id, amount_minor=amount,
                now=now, acting="user:usr_X", by_hand=True,
            )  # fmt: skip


def by_a_level_list(sku: Sku, now: datetime) -> None:
    """A list of a level's own is a list like any other."""
    own = PriceList.objects.create(code="gold", name="gold")
    with pytest.raises(PriceRefused):
        set_price(
            sku_id=sku.pk, price_list_id=own.pk, amount_minor=FLOOR - 1, now=now, acting="system"
        )


def by_the_form(sku: Sku, now: datetime) -> None:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_staff("operator"))
    url = reverse("admin:catalog_sku_change", args=[sku.pk])
    answer = client.post(url, fields_of(client, url, **{"prices-0-amount_minor": "94.99"}))
    assert "Under the floor" in answer.content.decode()


def by_a_file(sku: Sku, now: datetime) -> None:
    good = {**GOOD, "sku_code": "FILE-1", "price_cny": "98.00", "cost_cny": "90.00"}
    plan = import_catalogue(content=file_of(good), now=now, acting="system")
    assert plan.count("added") == 1
    Sku.objects.filter(code="FILE-1").update(advertised_minimum_minor=FLOOR)
    for price in ("94.99", "89.99"):
        bad = import_catalogue(content=file_of({**good, "price_cny": price}), now=now, acting="x")
        assert bad.count("refused") == 1
    assert Price.objects.get(sku__code="FILE-1").amount_minor == 9800


def by_a_share_of_a_level(sku: Sku, now: datetime) -> None:
    make_level_price(make_level(2), share_bp=5000)
    found = offer(sku.code, make.channel(), now, level=2)
    assert found is not None
    assert (found.unit_minor, found.reasons[-1].key) == (FLOOR, "lifted_to_floor")


def by_a_level_row_past_the_service(sku: Sku, now: datetime) -> None:
    """A row that got in otherwise, or whose cost rose after it, is lifted when it is asked for."""
    own = PriceList.objects.create(code="gold", name="gold")
    make.make_price(sku, 1, price_list=own)
    make_level_price(make_level(2), price_list=own)
    assert offer(sku.code, make.channel(), now, level=2).unit_minor == FLOOR  # type: ignore[union-attr]


def by_a_rule(sku: Sku, now: datetime) -> None:
    rule = PriceRule(name="thin", price_list=make.base().price_list, scope="all", markup_bp=1)
    save_rule(rule=rule, changed={}, now=now, acting="x")
    set_cost(sku_id=sku.pk, cost_minor=COST + 1, now=now)
    assert Price.objects.get(sku=sku).amount_minor == FLOOR


def by_a_row_under_it(sku: Sku, now: datetime) -> None:
    """Whatever stands in a list: what lies under the floor is not sold."""
    Price.objects.filter(sku=sku).update(amount_minor=FLOOR - 1)
    make.fresh()
    assert not offer(sku.code, make.channel(), now).state_ok  # type: ignore[union-attr]
    priced = quote(items=[Item(sku.code, 1)], channel=make.channel(), buyer=Buyer(), now=now)
    assert [problem.key for problem in priced.problems] == ["not_on_sale"]


PATHS: list[Callable[[Sku, datetime], Any]] = [
    by_service, by_a_level_list, by_the_form, by_a_file, by_a_share_of_a_level,
    by_a_level_row_past_the_service, by_a_rule, by_a_row_under_it,
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)
def test_the_floor_holds(path: Callable[[Sku, datetime], Any], sku: Sku, now: datetime) -> None:
    path(sku, now)


def test_no_other_code_writes_prices() -> None:
    """A new path would be found here, and has to be added above."""
    writers = {
        "/".join(file.parts[-3:])
        for file in python()
        if file.relative_to(ROOT).parts[0] in FLOORS
        and re.search(r"\bPrice\.objects\.(?:update_or_|bulk_)?create\(", file.read_text())
    }
    assert {one.split("catalog/")[-1] for one in writers} == {"services/set_price.py"}
