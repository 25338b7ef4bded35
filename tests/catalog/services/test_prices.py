from datetime import datetime, timedelta

import pytest

from catalog.models import Price
from catalog.queries import offer
from catalog.services.remove_price import remove_price
from catalog.services.set_cost import set_cost
from catalog.services.set_price import PriceLocked, PriceRefused, set_price
from core.models import AuditEntry
from tests.factories import catalog as make

pytestmark = pytest.mark.django_db


def put(sku: object, amount: int, now: datetime, **values: object) -> bool:
    return set_price(
        sku_id=sku.pk,  # type: ignore[attr-defined]
        price_list_id=make.base().price_list_id,
        amount_minor=amount,
        now=now,
        acting="system",
        **values,  # type: ignore[arg-type]
    )


def test_a_price_is_set_audited_and_sold_at_once(now: datetime) -> None:
    sku = make.make_sku(price_minor=9850, cost_minor=9000)
    assert put(sku, 9700, now)
    assert offer(sku.code, make.channel(), now).unit_minor == 9700  # type: ignore[union-attr]
    entry = AuditEntry.objects.get(tag="price:set", subject=f"sku:{sku.public_id}")
    assert (entry.before, entry.by) == ({"amount_minor": 9850}, "system")
    assert entry.after is not None
    assert entry.after["amount_minor"] == 9700


def test_the_same_price_again_changes_nothing(now: datetime) -> None:
    sku = make.make_sku(price_minor=9850)
    assert not put(sku, 9850, now)
    assert not AuditEntry.objects.filter(tag="price:set").exists()


@pytest.mark.parametrize(
    ("amount", "values"),
    [
        (8999, {}),
        (-1, {}),
        (9500, {"min_quantity": 0}),
        (
            9500,
            {
                "starts_at": datetime.fromisoformat("2026-12-02T00:00+08:00"),
                "ends_at": datetime.fromisoformat("2026-12-01T00:00+08:00"),
            },
        ),
    ],
)
def test_refused(now: datetime, amount: int, values: dict[str, object]) -> None:
    sku = make.make_sku(price_minor=9850, cost_minor=9000)
    with pytest.raises(PriceRefused) as refused:
        put(sku, amount, now, **values)
    assert str(refused.value)
    assert list(Price.objects.values_list("amount_minor", flat=True)) == [9850]


def test_the_advertised_minimum_is_a_floor_too(now: datetime) -> None:
    sku = make.make_sku(price_minor=9850, cost_minor=100, advertised_minimum_minor=9500)
    with pytest.raises(PriceRefused):
        put(sku, 9499, now)
    assert put(sku, 9500, now)


def test_a_price_set_by_hand_is_locked_against_machines(now: datetime) -> None:
    sku = make.make_sku(price_minor=9850, cost_minor=9000)
    assert put(sku, 9600, now, by_hand=True)
    with pytest.raises(PriceLocked):
        put(sku, 9500, now)
    assert not put(sku, 9600, now)
    assert put(sku, 9400, now, by_hand=True)
    assert Price.objects.get().is_locked


def test_the_last_price_of_what_is_on_sale_stays(now: datetime) -> None:
    sku = make.make_sku(price_minor=9850, cost_minor=9000)
    dated = make.make_price(sku, 9500, starts_at=now, ends_at=now + timedelta(hours=1))
    remove_price(price_id=dated.pk, now=now, acting="system")
    with pytest.raises(PriceRefused):
        remove_price(price_id=Price.objects.get().pk, now=now, acting="system")


def test_cost_is_recorded_even_above_the_price_and_then_nothing_is_sold(now: datetime) -> None:
    sku = make.make_sku(price_minor=9850, cost_minor=9000)
    assert set_cost(sku_id=sku.pk, cost_minor=9900, now=now)
    assert not set_cost(sku_id=sku.pk, cost_minor=9900, now=now)
    found = offer(sku.code, make.channel(), now)
    assert found is not None
    assert (found.floor_minor, found.state_ok) == (9900, False)
    with pytest.raises(ValueError, match="negative"):
        set_cost(sku_id=sku.pk, cost_minor=-1, now=now)
