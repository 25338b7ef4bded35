"""The whole road over HTTP with real simulators: from the product page to the goods, and every side exit."""

import re
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus

import pytest

from tests.faults import truth
from tests.faults.goods import (
    CARD,
    CARD_MINOR,
    FREE,
    MARK,
    RARE,
    RARE_MINOR,
    TOPUP,
    code_file,
    code_text,
)
from tests.faults.shopper import Browser, PayLink, Shopper, Turned, codes_on, hidden
from tests.faults.stage import Stage

LINK = re.compile(r"(/orders/ord_[0-9A-Z]{16}/\?t=[\w-]+)")


def until(found: Callable[[], object], what: str, seconds: float = 60.0) -> None:
    """Wait for something that a worker brings."""
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, f"{what} did not come in {seconds:.0f} s"
        time.sleep(0.1)


def state_of(stage: Stage, order: str) -> str:
    return str(stage.one("select state from orders_order where public_id = %s", [order]))


def returned(stage: Stage, link: PayLink) -> int:
    """Minor units that the gateway has really sent back for a payment."""
    refunds = stage.gateway.truth(number=link.number)["refunds"]
    return sum(refund["amount_minor"] for refund in refunds if refund["status"] == "SUCCESS")


def press(staff: Browser, path: str, **form: str) -> None:
    """Go through a confirmation page of the back office."""
    page = staff.get(path)
    assert page.status == HTTPStatus.OK, (path, page.status)
    done = staff.post(path, {**hidden(page.text), **form})
    assert done.status == HTTPStatus.FOUND, done.text[-2000:]


def compare(stage: Stage, *seen: tuple[str, list[str]]) -> None:
    """The books at the end of each road."""
    stage.settle()
    stage.check_invariants()
    truth.compare(stage, seen)


def test_a_guest_buys_both_goods(stage: Stage) -> None:
    """Card and top-up from one cart; the mail's link opens the order in another browser."""
    buyer = stage.shopper()
    buyer.put_in_cart(stage.goods.card_slug, CARD, quantity=2)
    buyer.put_in_cart(stage.goods.topup_slug, TOPUP, phone="13800138001")
    link = buyer.check_out()
    assert codes_on(buyer.look(link.order).text) == []
    paid = time.monotonic()
    assert stage.gateway.pay(link.number, url=link.url)["notified"]
    codes = buyer.codes(link.order, wanted=2, seconds=5)
    took = time.monotonic() - paid
    assert len(codes) == 2
    assert took < 3, f"{took:.1f} s from paying to the codes"
    until(lambda: state_of(stage, link.order) == "delivered", "the top-up")
    (grant,) = stage.supplier.grants(account="13800138001")
    assert grant["cost_minor"] == 1650
    page = buyer.look(link.order).text
    assert "138****8001" in page
    assert "13800138001" not in page
    until(lambda: link.order in stage.house.logs("worker"), "the mail")
    mail = next(
        found
        for found in LINK.findall(stage.house.logs("worker").replace("=\n", ""))
        if link.order in found
    )
    elsewhere = Browser(stage.house.url)
    entered = elsewhere.get(mail)
    assert (entered.status, entered.location) == (HTTPStatus.FOUND, f"/orders/{link.order}/")
    # By a link the codes are behind a button; looking is written down.
    assert MARK not in elsewhere.get(entered.location).text
    assert sorted(Shopper(elsewhere, "").reveal_all(link.order)) == sorted(codes)
    compare(stage, (link.order, codes))


def test_an_account_buys_and_finds_it_in_the_wallet(stage: Stage) -> None:
    browser = stage.people({"email": "walletowner@example.com"})[0]
    buyer = Shopper(browser, "")
    link = buyer.buy(stage.goods.card_slug, CARD)
    stage.gateway.pay(link.number, url=link.url)
    codes = buyer.codes(link.order, wanted=1, seconds=5)
    wallet = browser.get("/wallet/").text
    owned = set(re.findall(r"/wallet/(ent_[0-9A-Z]{16})/", wallet))
    assert len(owned) == 1
    detail = browser.get(f"/wallet/{owned.pop()}/")
    assert MARK not in detail.text
    delivery = re.findall(r"/deliveries/(dlv_[0-9A-Z]{16})/reveal/", detail.text)[0]
    shown = browser.post(f"/deliveries/{delivery}/reveal/", hidden(detail.text))
    assert codes_on(shown.text) == codes
    assert "no-store" in shown.headers["cache-control"]
    compare(stage, (link.order, codes))


def test_what_costs_nothing_takes_the_same_road(stage: Stage) -> None:
    """No gateway: the null provider confirms, and the same step delivers and posts nothing."""
    buyer, before = stage.shopper(), len(stage.gateway.truth()["payments"])
    form = buyer.form_of(f"/p/{stage.goods.free_slug}/")
    placed = buyer.browser.post(
        "/orders/place/", {**form, "sku": FREE, "contact": buyer.contact, "consent": "on"}
    )
    assert placed.status == HTTPStatus.SEE_OTHER
    order = placed.location.rstrip("/").rpartition("/")[2]
    codes = codes_on(buyer.look(order).text)
    assert len(codes) == 1
    assert state_of(stage, order) == "delivered"
    assert len(stage.gateway.truth()["payments"]) == before
    assert stage.one("select provider from orders_payment p join orders_order o on o.id = p.order_id"
                     " where o.public_id = %s", [order]) == "free"  # fmt: skip
    compare(stage, (order, codes))


def once_on_sale(buyer: Shopper, stage: Stage) -> PayLink:
    """Buy the rare card; a process of the shop may believe for a second that it is sold out still."""
    links: list[PayLink] = []

    def bought() -> bool:
        with suppress(Turned):
            links.append(buyer.buy(stage.goods.rare_slug, RARE))
        return bool(links)

    until(bought, "the rare card on sale again")
    return links[0]


def waiting(stage: Stage) -> tuple[Shopper, PayLink]:
    """A buyer who has paid for the rare card after all of its codes were taken out of sale."""
    buyer = stage.shopper()
    link = once_on_sale(buyer, stage)
    batches = stage.rows(
        "select id from fulfillment_codebatch where sku_id = %s", [stage.goods.rare_id]
    )
    for batch in batches:
        press(
            stage.staff,
            f"/admin/fulfillment/codebatch/{batch['id']}/freeze/act/",
            why="looked at by its seller",
        )
    stage.gateway.pay(link.number, url=link.url)
    assert state_of(stage, link.order) == "waiting_stock"
    assert "缺货" in buyer.look(link.order).text or "补货" in buyer.look(link.order).text
    return buyer, link


def test_paid_and_out_of_stock_is_filled_by_an_import(stage: Stage) -> None:
    buyer, link = waiting(stage)
    first = int(time.time()) % 10**6 * 10 + 20_000_000
    stage.known |= {code_text(n)[1] for n in range(first, first + 2)}
    page = "/admin/fulfillment/codebatch/add/"
    form = {**hidden(stage.staff.get(page).text), "sku": str(stage.goods.rare_id), "layout": "pair",
            "paid_from": "bank", "cost": "400.00"}  # fmt: skip
    answer = stage.staff.upload(page, form, {"file": ("more.txt", code_file(first, 2))})
    assert answer.status == HTTPStatus.FOUND, answer.text[-2000:]
    until(lambda: state_of(stage, link.order) == "delivered", "the order's turn")
    codes = buyer.reveal_all(link.order)
    assert codes == [code for code in codes if code in stage.known]
    assert len(codes) == 1
    quarantined_go_back(stage)
    compare(stage, (link.order, codes))


def test_paid_and_out_of_stock_is_refunded_at_the_deadline(stage: Stage) -> None:
    _, link = waiting(stage)
    stage.move_clock(31)
    until(lambda: state_of(stage, link.order) == "refunded", "the refund")
    assert returned(stage, link) == RARE_MINOR
    quarantined_go_back(stage)
    compare(stage)


def quarantined_go_back(stage: Stage) -> None:
    """The next test finds the rare card on sale."""
    for batch in stage.rows(
        "select distinct batch_id as id from fulfillment_code where state = 'quarantined'"
    ):
        press(
            stage.staff, f"/admin/fulfillment/codebatch/{batch['id']}/thaw/act/", why="it is good"
        )


@pytest.mark.parametrize(
    ("late_by", "ends"), [(25, "delivered"), (70, "refunded")], ids=["soon enough", "too late"]
)
def test_money_after_expiry(stage: Stage, late_by: int, ends: str) -> None:
    """Kept for 20 s here, honoured for 40 s more: delivered if stock allows, else sent back."""
    buyer = stage.shopper()
    link = buyer.buy(stage.goods.card_slug, CARD)
    stage.gateway.open(link.url)
    stage.move_clock(late_by)
    until(lambda: state_of(stage, link.order) == "closed", "the expiry")
    stage.gateway.pay_late(link.number)
    until(lambda: state_of(stage, link.order) == ends, ends)
    assert returned(stage, link) == (0 if ends == "delivered" else CARD_MINOR)
    assert len(buyer.reveal_all(link.order)) == (1 if ends == "delivered" else 0)
    compare(stage)


def test_money_after_a_cancel_goes_back(stage: Stage) -> None:
    buyer = stage.shopper()
    link = buyer.buy(stage.goods.card_slug, CARD)
    stage.gateway.open(link.url)
    assert buyer.cancel(link.order).status == HTTPStatus.SEE_OTHER
    stage.gateway.pay_late(link.number)
    until(lambda: returned(stage, link) == CARD_MINOR, "the refund")
    compare(stage)
    assert state_of(stage, link.order) == "refunded"


def test_a_buyer_gives_back_what_is_not_delivered(stage: Stage) -> None:
    """The supplier cannot be reached: nothing was bought, and the buyer need not wait."""
    stage.supplier.fault("drop_before", op="order", times=None)
    stage.house.stop_part("supplier_c")
    try:
        buyer = stage.shopper()
        buyer.put_in_cart(stage.goods.card_slug, CARD)
        buyer.put_in_cart(stage.goods.topup_slug, TOPUP, phone="13800138009")
        link = buyer.check_out()
        stage.gateway.pay(link.number, url=link.url)
        codes = buyer.codes(link.order, wanted=1, seconds=5)
        until(lambda: give_back(buyer, link) and returned(stage, link) == 1990, "the refund", 25)
    finally:
        stage.house.start_part("supplier_c")
    assert state_of(stage, link.order) == "partially_delivered"
    assert stage.supplier.grants(account="13800138009") == []
    compare(stage, (link.order, codes))


def give_back(buyer: Shopper, link: PayLink) -> bool:
    path = f"/orders/{link.order}/"
    return buyer.browser.post(f"{path}refund/", buyer.form_of(path)).status == HTTPStatus.SEE_OTHER


def test_the_supplier_says_no_and_the_money_goes_back(stage: Stage) -> None:
    stage.supplier.fault(
        "reject", op="order", match={"account": "13800138010"}, code="OUT_OF_STOCK"
    )
    buyer = stage.shopper()
    link = buyer.buy(stage.goods.topup_slug, TOPUP, phone="13800138010")
    stage.gateway.pay(link.number, url=link.url)
    until(lambda: returned(stage, link) == 1990, "the refund")
    compare(stage)
    assert state_of(stage, link.order) == "refunded"


def test_everything_is_there_after_a_kill_of_all_and_a_start(stage: Stage) -> None:
    """kill -9 of the whole shop, servers too, with one order just paid and one on its way."""
    buyer, other = stage.shopper(), stage.shopper()
    link = buyer.buy(stage.goods.card_slug, CARD)
    stage.gateway.pay(link.number, url=link.url)
    codes = buyer.codes(link.order, wanted=1, seconds=5)
    top = other.buy(stage.goods.topup_slug, TOPUP, phone="13800138011")
    stage.gateway.pay(top.number, url=top.url, wait=0)
    shop = stage.house.shop
    with stage.supervisor.lock:
        for child in (*shop.children.values(), *shop.services.children.values()):
            child.kill()
        shop.start()
    assert buyer.reveal_all(link.order) == codes
    until(lambda: state_of(stage, top.order) == "delivered", "the top-up", 30)
    assert len(stage.supplier.grants(account="13800138011")) == 1
    compare(stage, (link.order, codes))
