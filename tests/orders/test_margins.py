"""The margin of a line: what is kept, less what its units really cost, less the payment's fee."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from catalog.models import Channel
from core import clock
from core.ledger import balance
from core.tx import step
from fulfillment.queries.costs import unit_costs
from orders.margins import dearest_fee_bp, fee_of_payment, line_margins, margin_in
from orders.services.request_refund import Unit, open_delivered_refund
from tests.factories import catalog as make
from tests.factories.accounts import make_staff
from tests.factories.fulfillment import import_file, make_file
from tests.factories.orders import item, make_order, make_paid, order_of, pay, place, stocked

pytestmark = pytest.mark.django_db


def test_cost_of_the_batch_fee_and_what_is_left(settings: Any) -> None:
    settings.LOCALPAY_FEE_BPS = 60
    sku = make.make_sku(kind="pool", price_minor=10_000, cost_minor=9000)
    import_file(sku, make_file(3), cost_minor=8800)
    order = make_paid(sku, 2)
    found = line_margins(order)[order.lines.get().public_id]
    assert (found.margin.price_minor, found.margin.cost_minor, found.margin.fee_minor) == (
        20_000, 17_600, 120,
    )  # fmt: skip
    assert (found.margin.left_minor, found.margin.share_bp, found.open_units) == (2280, 1140, 0)
    # The books are the source: the same cost stands there under the order's id.
    assert balance("cogs", subject=order.public_id) == 17_600


def test_fees_go_over_the_lines_without_a_rest(settings: Any) -> None:
    settings.LOCALPAY_FEE_BPS = 61
    skus = [stocked(1, price_minor=price) for price in (3333, 3334, 9901)]
    order = order_of(place(*(item(sku) for sku in skus)))
    pay(order)
    order.refresh_from_db()
    fees = [one.margin.fee_minor for one in line_margins(order).values()]
    assert sum(fees) == fee_of_payment(order.payments.get())
    assert fees == sorted(fees)


def test_the_channels_commission_is_taken_off_what_is_kept(settings: Any) -> None:
    settings.LOCALPAY_FEE_BPS = 60
    make.base()
    Channel.objects.filter(code="main").update(commission_reserve_bp=500)
    make.fresh()
    sku = make.make_sku(kind="pool", price_minor=10_001, cost_minor=9000)
    import_file(sku, make_file(1), cost_minor=9000)
    order = make_paid(sku)
    found = line_margins(order)[order.lines.get().public_id].margin
    # A fraction of a cent counts whole, against the shop.
    assert (found.fee_minor, found.commission_minor) == (60, 501)
    assert found.left_minor == 10_001 - 9000 - 60 - 501
    asked = margin_in(make.channel(), paid_minor=10_001, cost_minor=9000)
    assert (asked.fee_minor, asked.commission_minor) == (61, 501)


def test_what_goes_back_is_not_kept() -> None:
    order = make_paid(stocked(2, price_minor=10_000), 2)
    line = order.lines.get()
    before = line_margins(order)[line.public_id].margin
    with step():
        open_delivered_refund(
            order=order, payment=order.payments.get(),
            units=[Unit(line, 1, "dlv_x", 10_000)], approval="apr_x", reason="test",
            by="user:usr_X", now=clock.now(),
        )  # fmt: skip
    after = line_margins(order)[line.public_id].margin
    assert (before.price_minor, after.price_minor) == (20_000, 10_000)
    assert (after.cost_minor, after.fee_minor) == (before.cost_minor, before.fee_minor)


def test_an_unpaid_order_has_no_margin_and_units_on_their_way_are_counted() -> None:
    sku = make.make_sku(kind="topup", price_minor=10_000)
    order = make_order(sku)
    assert line_margins(order) == {}
    pay(order)
    order.refresh_from_db()
    (found,) = line_margins(order).values()
    assert (found.margin.cost_minor, found.open_units) == (0, 1)
    assert unit_costs(order.public_id) == {}


def test_the_dearest_fee_is_what_the_catalogue_counts_with(settings: Any) -> None:
    settings.LOCALPAY_FEE_BPS = 75
    assert dearest_fee_bp() == 75


@pytest.mark.parametrize(("price", "kind"), [(9050, "loss"), (9150, "thin"), (9900, "fine")])
def test_the_list_of_skus_tells_and_finds_it(settings: Any, price: int, kind: str) -> None:
    settings.LOCALPAY_FEE_BPS = 60
    sku = make.make_sku(price_minor=price, cost_minor=9000)
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_staff("operator"))
    url = reverse("admin:catalog_sku_changelist")
    for asked in ("loss", "thin", "fine", "unknown"):
        page = client.get(url, {"margin": asked})
        assert page.status_code == 200
        assert (sku.code in page.content.decode()) is (asked == kind), asked
    left = price - 9000 - -(-price * 60 // 10_000)
    text = client.get(url).content.decode()
    assert f"{abs(left) / 100:.2f}" in text


def test_the_order_page_shows_it_for_each_line() -> None:
    order = make_paid(stocked(1, price_minor=10_000))
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_staff("operator"))
    page = client.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()
    assert "Margin" in page
    found = line_margins(order)[order.lines.get().public_id].margin
    assert found.share_bp is not None
    assert f"({found.share_bp / 100:.1f} %)" in page
