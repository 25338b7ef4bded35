"""A bundle on the road: one price for the buyer, a line for each part on the road."""

from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client

from catalog.models import BundlePart, Sku
from core import clock, outbox
from core.invariants import check_all
from core.ledger import balance
from core.tx import step
from fulfillment.events import Delivered, SupplyFailed
from fulfillment.models import Code, Delivery
from fulfillment.services.hold import SoldOut
from orders.models import Order, OrderBundle, OrderLine, Refund, RefundLine
from orders.services.place_order import LimitReached, NotBuyable, PriceChanged
from orders.services.push_refund import push_refunds
from orders.services.quote import Buyer, Item, quote
from orders.services.request_refund import request_refund
from orders.services.start_payment import start_payment, subject_of
from simulators.localpay.script import Gateway
from tests.factories.accounts import make_user
from tests.factories.bundles import bundle_item, make_bundle, topup, weekend
from tests.factories.catalog import channel, fresh, make_price
from tests.factories.orders import (
    item,
    order_of,
    pay,
    payment_of,
    place,
    relay_all,
    stocked,
    wanted,
)

pytestmark = pytest.mark.django_db


def bought(sku: Sku, quantity: int = 1, *picks: Sku) -> Order:
    order = order_of(place(bundle_item(sku, quantity, *picks)))
    pay(order)
    order.refresh_from_db()
    return order


def paid_of(order: Order) -> list[int]:
    return list(order.lines.order_by("position").values_list("paid_minor", flat=True))


def problems(*items: Item) -> list[str]:
    priced = quote(items=items, channel=channel(), buyer=Buyer(), now=clock.now())
    return [problem.key for problem in priced.problems]


def test_its_price_is_split_over_its_parts_to_the_cent() -> None:
    sku, parts = weekend()
    order = order_of(place(bundle_item(sku)))
    # 36.90 over 19.90 : 6.60 : 13.90 is 18.177…, 6.028…, 12.69…; the last cent goes to 12.69….
    assert paid_of(order) == [1818, 603, 1269]
    assert (order.total_minor, order.units, order.list_minor) == (3690, 3, 4040)
    bundle = OrderBundle.objects.get(order=order)
    assert (bundle.sku, bundle.quantity, bundle.paid_minor) == (sku, 1, 3690)
    assert [part["share_minor"] for part in bundle.split] == [1818, 603, 1269]
    assert [part["list_minor"] for part in bundle.split] == [1990, 660, 1390]
    lines = order.lines.order_by("position")
    assert [line.sku for line in lines] == list(parts)
    assert {line.bundle_id for line in lines} == {bundle.public_id}
    assert lines[0].adjustments[0]["key"] == "bundle_share"


@pytest.mark.parametrize("price", [1, 2, 3, 100, 3689, 3690, 3691, 99_999])
@pytest.mark.parametrize("quantity", [1, 2, 3])
def test_no_cent_is_lost(price: int, quantity: int) -> None:
    parts = [(topup(1990), 1), (topup(700), 2), (topup(333), 3)]
    sku = make_bundle((None, parts), price_minor=price, advertised_minimum_minor=0)
    Sku.objects.filter(pk__in=[part.pk for part, _ in parts]).update(cost_minor=0)
    fresh()
    order = order_of(place(bundle_item(sku, quantity)))
    assert sum(paid_of(order)) == order.total_minor == price * quantity
    assert [line.quantity for line in order.lines.order_by("position")] == [
        quantity, 2 * quantity, 3 * quantity,
    ]  # fmt: skip
    assert check_all(now=clock.now(), only="INV-O") == []


def test_pool_parts_are_delivered_with_the_payment_the_rest_goes_its_way() -> None:
    sku, (gold, meals, card) = weekend()
    order = bought(sku)
    assert order.state == "fulfilling"
    found = Delivery.objects.filter(reference=order.public_id).order_by("id")
    assert {one.sku_id: one.state for one in found} == {
        card.pk: "delivered", gold.pk: "pending", meals.pk: "pending",
    }  # fmt: skip
    assert balance("revenue", subject=order.public_id) == -1269
    assert balance("order_obligation", subject=order.public_id) == -2421
    assert check_all(now=clock.now()) == []


def test_one_part_is_refunded_with_its_share_the_others_stay() -> None:
    sku, (_gold, meals, _card) = weekend()
    order = bought(sku)
    unit = Delivery.objects.get(reference=order.public_id, sku=meals)
    refund = request_refund(
        order=order.public_id, now=clock.now(), acting="guest", reason="test",
        deliveries=[unit.public_id],
    )  # fmt: skip
    assert refund is not None
    assert refund.amount_minor == 603
    assert RefundLine.objects.get().line.sku == meals
    assert check_all(now=clock.now()) == []


def test_all_of_it_goes_back_before_delivery() -> None:
    sku = make_bundle((None, [(topup(1990), 1), (topup(660), 2)]), price_minor=2999)
    order = bought(sku, 3)
    request_refund(order=order.public_id, now=clock.now(), acting="guest", reason="test")
    assert Refund.objects.get().amount_minor == 8997 == order.total_minor
    assert check_all(now=clock.now()) == []


def test_pool_parts_are_held_all_or_none() -> None:
    many, few = stocked(5, cost_minor=1), stocked(1, cost_minor=1)
    sku = make_bundle((None, [(many, 1), (few, 2)]), price_minor=9000)
    with pytest.raises(SoldOut):
        place(bundle_item(sku))
    assert not Code.objects.filter(state="held").exists()
    assert not OrderBundle.objects.exists()


def test_what_is_chosen_is_bought_and_nothing_else() -> None:
    goods = [topup(price) for price in (1990, 2100, 1680, 1900)]
    sku = make_bundle((2, [(one, 1) for one in goods]), price_minor=3500)
    order = order_of(place(bundle_item(sku, 1, goods[3], goods[0])))
    assert [line.sku for line in order.lines.order_by("position")] == [goods[0], goods[3]]
    assert sum(paid_of(order)) == 3500


@pytest.mark.parametrize("number", [0, 1, 3])
def test_too_few_or_too_many_are_not_sold(number: int) -> None:
    goods = [topup(price) for price in (1990, 2100, 1680)]
    sku = make_bundle((2, [(one, 1) for one in goods]), price_minor=3500)
    assert problems(bundle_item(sku, 1, *goods[:number])) == ["picks"]


def test_a_choice_that_is_sold_out_is_said_to_be() -> None:
    goods = [topup(price) for price in (1990, 2100, 1680)]
    sku = make_bundle((2, [(one, 1) for one in goods]), price_minor=3500)
    Sku.objects.filter(pk=goods[0].pk).update(availability="out")
    fresh()
    assert problems(bundle_item(sku, 1, *goods[:2])) == ["picks"]
    assert problems(bundle_item(sku, 1, *goods[1:])) == []


def test_the_phone_is_asked_once_and_each_line_seals_its_own() -> None:
    sku, _parts = weekend()
    order = order_of(place(bundle_item(sku)))
    targets = order.lines.order_by("position").values_list("target_masked", flat=True)
    assert list(targets) == ["138****8000", "138****8000", ""]
    assert problems(bundle_item(sku, 1, phone="123")) == ["input"]


def test_other_contents_than_the_page_showed_are_not_sold() -> None:
    sku, parts = weekend()
    seen = bundle_item(sku)
    form = wanted(seen, shown="", shown_unit_minor=3690)
    BundlePart.objects.filter(sku=parts[1]).update(quantity=2)
    fresh()
    assert problems(seen) == ["contents"]
    with pytest.raises(NotBuyable):
        place(seen, shown="", shown_unit_minor=3690)
    assert form.shown_unit_minor == 3690


def test_a_new_price_or_new_contents_are_shown_before_they_are_paid() -> None:
    sku, parts = weekend()
    shown = wanted(bundle_item(sku)).shown
    make_price(sku, 3590, starts_at=clock.now())
    with pytest.raises(PriceChanged):
        place(bundle_item(sku), shown=shown)
    shown = wanted(bundle_item(sku)).shown
    BundlePart.objects.filter(sku=parts[0]).delete()
    fresh()
    with pytest.raises(PriceChanged):
        place(bundle_item(sku), shown=shown)


@pytest.mark.parametrize("which", ["bundle", "part"])
def test_limits_of_a_bundle_and_of_its_parts_both_count(which: str) -> None:
    sku, parts = weekend()
    limited = sku if which == "bundle" else parts[0]
    Sku.objects.filter(pk=limited.pk).update(limit_per_phone=1)
    fresh()
    place(bundle_item(sku))
    with pytest.raises(LimitReached):
        place(bundle_item(sku))


def test_a_limit_per_order_counts_what_is_inside() -> None:
    sku, parts = weekend()
    Sku.objects.filter(pk=parts[0].pk).update(limit_per_order=2)
    fresh()
    assert problems(bundle_item(sku, 2)) == []
    assert problems(bundle_item(sku, 2), item(parts[0])) == ["limit_per_order"]
    assert problems(bundle_item(sku, 3)) == ["limit_per_order", "limit_per_order"]


def test_a_line_is_never_a_bundle_itself() -> None:
    order = order_of(place(bundle_item(weekend()[0])))
    with pytest.raises(IntegrityError), transaction.atomic():
        OrderLine.objects.filter(order=order).update(delivery_kind="bundle")


def test_what_was_agreed_on_stays(owner_sql: Any) -> None:
    order = order_of(place(bundle_item(weekend()[0])))
    with pytest.raises(Exception, match=r"permission denied|Cannot"), transaction.atomic():
        OrderBundle.objects.filter(order=order).update(paid_minor=1)


def happened(order: Order, sku: Sku, state: str) -> None:
    """What the supplier of a part said in the end, as the floor below tells it."""
    now = clock.now()
    unit = Delivery.objects.get(reference=order.public_id, sku=sku)
    delivered_at = now if state == "delivered" else None
    Delivery.objects.filter(pk=unit.pk).update(state=state, delivered_at=delivered_at)
    with step():
        if state == "delivered":
            event: object = Delivered(
                order.public_id, unit.line, unit.public_id, 1, sku.pk, "main", order.owner, 1, "CNY"
            )
        else:
            event = SupplyFailed(order.public_id, unit.line, unit.public_id, 1, "no_stock")
        outbox.publish(event, now=now)
    relay_all()


def test_one_supplier_refuses_and_everybody_is_told(gateway: Gateway) -> None:
    sku, (gold, meals, _card) = weekend()
    shopper = make_user(email="weekend@example.com")
    form: dict[str, Any] = {
        "contact": "weekend@example.com",
        "user_id": shopper.pk,
        "owner": shopper.public_id,
    }
    order = order_of(place(bundle_item(sku), **form))
    url = start_payment(order=order.public_id, provider="localpay", now=clock.now(), acting="guest")
    gateway.control("fault", op="notice", fault="none", times=None)
    gateway.pay(payment_of(order).number, url=url, wait=0)
    pay(order)
    happened(order, gold, "delivered")
    happened(order, meals, "failed")
    order.refresh_from_db()
    assert order.state == "partially_delivered"
    assert Refund.objects.get(order=order).amount_minor == 603
    client = Client(headers={"accept-language": "en"})
    client.force_login(shopper)
    page = client.get(f"/orders/{order.public_id}/").content.decode()
    assert page.count("bundle-head") == 1
    assert "2 of 3 parts are yours." in page
    assert "¥6.03 for" in page
    assert "is on its way back to you." in page
    told = mail.outbox[-1]
    assert told.subject == f"Your order {order.public_id} came in part"
    assert "2 of 3 parts are yours." in told.body
    assert f"¥6.03 for {meals.product.name_en}" in told.body
    push_refunds(now=clock.now())
    relay_all()
    assert "¥6.03" in mail.outbox[-1].body
    assert "has been paid back." in mail.outbox[-1].body
    wallet = client.get("/wallet/").content.decode()
    assert wallet.count(f"Part of {sku.product.name_en}") == 1  # the other is said to be there only
    assert "has been paid back." in wallet
    for kind in "OPL":
        assert check_all(now=clock.now(), grace=0, only=f"INV-{kind}") == []
    truth = gateway.truth(number=payment_of(order).number)
    assert [row["amount_minor"] for row in truth["refunds"]] == [603]


def test_at_the_provider_a_bundle_is_one_thing() -> None:
    sku, _parts = weekend()
    one, two = place(bundle_item(sku)), place(bundle_item(sku, 2), item(topup(500)))
    assert one.page.subject == sku.product.name_en
    assert two.page.subject == f"{sku.product.name_en} ×3"
    for placed in (one, two):
        assert subject_of(order_of(placed)) == placed.page.subject
