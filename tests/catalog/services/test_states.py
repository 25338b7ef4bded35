from datetime import datetime, timedelta

import pytest

from catalog.models import Price, Product
from catalog.services.advance_states import advance_states
from catalog.services.change_state import StateRefused, change_state
from catalog.states import PRODUCT_TRANSITIONS, ProductState
from core.models import AuditEntry
from core.transitions import history
from tests.factories import catalog as make

HOUR = timedelta(hours=1)


def go(product: Product, to: str, now: datetime) -> None:
    change_state(product_id=product.pk, to=to, now=now, acting="user:usr_TEST", why="because")


@pytest.mark.django_db
def test_a_change_leaves_history_and_audit(now: datetime) -> None:
    product = make.make_sku().product
    go(product, "paused", now)
    product.refresh_from_db()
    assert product.state == "paused"
    assert [(row.was, row.became, row.by, row.why) for row in history(product.public_id)] == [
        ("on_sale", "paused", "user:usr_TEST", "because")
    ]
    assert AuditEntry.objects.filter(tag="product:state").count() == 1


@pytest.mark.django_db
def test_every_pair_outside_the_table_is_refused(now: datetime) -> None:
    for was in ProductState:
        for to in ProductState:
            if to.value in PRODUCT_TRANSITIONS[was.value]:
                continue
            product = make.make_sku(product=make.make_product(state=was, on_sale_from=now)).product
            with pytest.raises(StateRefused):
                go(product, to.value, now)


@pytest.mark.django_db
def test_every_pair_of_the_table_goes(now: datetime) -> None:
    for was, after in PRODUCT_TRANSITIONS.items():
        for to in after:
            product = make.make_sku(product=make.make_product(state=was, on_sale_from=now)).product
            go(product, to, now)
            product.refresh_from_db()
            assert product.state == to


@pytest.mark.django_db
def test_without_sku_price_or_date_it_stays_where_it_is(now: datetime) -> None:
    empty = make.make_product(state="draft")
    unpriced = make.make_sku(product=make.make_product(state="draft"), price_minor=None).product
    over = make.make_sku(product=make.make_product(state="draft"), price_minor=None)
    make.make_price(over, 9850, ends_at=now)
    for product in (empty, unpriced, over.product):
        with pytest.raises(StateRefused):
            go(product, "on_sale", now)
    dateless = make.make_sku(product=make.make_product(state="draft")).product
    with pytest.raises(StateRefused):
        go(dateless, "scheduled", now)


def test_dates_come_true_once(committed: None, now: datetime) -> None:
    starting = make.make_sku(product=make.make_product(state="scheduled", on_sale_from=now)).product
    waiting = make.make_sku(
        product=make.make_product(state="scheduled", on_sale_from=now + HOUR)
    ).product
    ending = make.make_sku(product=make.make_product(on_sale_until=now)).product
    stripped = make.make_product(state="scheduled", on_sale_from=now)
    assert advance_states(now=now) == 2
    assert advance_states(now=now) == 0
    states = dict(Product.objects.values_list("pk", "state"))
    assert [states[p.pk] for p in (starting, waiting, ending, stripped)] == [
        "on_sale", "scheduled", "paused", "scheduled",
    ]  # fmt: skip
    assert not Price.objects.filter(sku__product=stripped).exists()
