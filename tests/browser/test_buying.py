"""From the shelf to the goods, as people do it on a phone."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from demo.places import CODES
from simulators.supplier_c.script import Supplier
from tests.browser import acts
from tests.browser.people import Opener, Staff
from tests.house import House

PHONE_NUMBER = "13800138000"
PAIR = re.compile(r"\S+")


def _sold(page: Page) -> tuple[str, str]:
    """Number and secret as the page shows them."""
    number, secret = page.locator(f".unit {acts.CODE}").all_inner_texts()[:2]
    return number, secret


def _lines(name: str) -> set[tuple[str, ...]]:
    text = (Path(CODES) / name).read_text()
    return {tuple(PAIR.findall(line)) for line in text.splitlines()}


def test_a_guest_buys_a_card_and_sees_a_code_of_the_imported_file(phone: Page, shop: House) -> None:
    order = acts.buy(phone, acts.CARD, "JD-E-100", contact="13900139000")
    acts.delivered(phone)
    assert _sold(phone) in _lines("JD-E-100.txt")
    assert (
        phone.evaluate(
            "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        <= 0
    )
    found = shop.sql("select state, total_minor from orders_order where public_id = %s", [order])
    assert found == [("delivered", 9850)]


def test_a_guest_tops_up_a_phone_and_the_page_moves_by_itself(phone: Page, shop: House) -> None:
    supplier = Supplier(shop.address("supplier_c"))
    supplier.fault("slow", op="order", match={"account": "13912345678"}, seconds=2)
    order = acts.buy(
        phone, acts.TOP_UP, "IQY-GOLD-M", contact="buyer@example.com", phone="13912345678"
    )
    expect(phone.locator(".hero-delivered")).to_have_count(0)
    acts.delivered(phone)
    assert acts.order_of(phone) == order
    expect(phone.locator(".unit")).to_contain_text("139****5678")
    granted = supplier.grants(account="13912345678")
    assert [row["product"] for row in granted] == ["IQY-GOLD-M"]


def test_what_an_account_buys_lies_in_its_wallet(phone: Page, staff: Staff, shop: House) -> None:
    acts.sign_in(phone, "lin@demo.example.com", staff.shopper_password)
    acts.buy(phone, acts.CARD, "JD-E-50")
    acts.delivered(phone)
    number, secret = _sold(phone)
    phone.goto("/wallet/")
    newest = "select public_id from fulfillment_entitlement order by id desc limit 1"
    phone.locator(f".wallet article a[href*='{shop.sql(newest)[0][0]}']").first.click()
    expect(phone.locator("h1")).to_contain_text("京东")
    phone.locator("form[data-reveal] button").click()
    expect(phone.locator(acts.CODE).nth(1)).to_have_text(secret)
    assert phone.locator(acts.CODE).first.inner_text() == number


def test_an_order_is_found_again_elsewhere(phone: Page, opener: Opener) -> None:
    acts.buy(phone, acts.CARD, "JD-E-50", contact="13900139001")
    acts.delivered(phone)
    number, secret = phone.locator(f"aside {acts.CODE}").all_inner_texts()
    elsewhere = opener()
    elsewhere.goto("/lookup/")
    for name, value in (("order", number), ("contact", "13900139001"), ("secret", secret + "X")):
        elsewhere.locator(f"main [name={name}]").fill(value)
    elsewhere.locator("main form button.btn").click()
    expect(elsewhere.locator("main [role=alert], main .note-bad").first).to_be_visible()
    elsewhere.locator("main [name=secret]").fill(secret)
    elsewhere.locator("main form button.btn").click()
    elsewhere.wait_for_url(acts.ORDER_ID)
    expect(elsewhere.locator(".hero-delivered")).to_be_visible()


def test_several_goods_for_several_people_in_one_order(phone: Page, shop: House) -> None:
    phone.goto(f"/p/{acts.TOP_UP}/?sku=IQY-GOLD-W")
    phone.locator("[name=in_phone]").fill(PHONE_NUMBER)
    phone.locator("button[formaction$='/cart/add/']").click()
    phone.wait_for_url("**/cart/")
    phone.goto(f"/p/{acts.CARD}/?sku=JD-E-50")
    phone.locator("#buy [data-step='1']").click()
    phone.locator("button[formaction$='/cart/add/']").click()
    phone.wait_for_url("**/cart/")
    expect(phone.locator(".buybar")).to_contain_text("3")
    phone.goto("/checkout/")
    phone.locator("[name=contact]").fill("13900139002")
    phone.locator("[name=consent]").check()
    phone.locator(".buybar button").click()
    acts.pay(phone)
    acts.delivered(phone)
    expect(phone.locator(".unit")).to_have_count(3)


def test_a_double_click_makes_one_order(phone: Page, shop: House) -> None:
    contact = "double@example.com"
    acts.choose(phone, acts.CARD, "JD-E-50", contact=contact)
    phone.evaluate(
        "() => { const form = document.getElementById('buy');"
        " const copy = new FormData(form);"
        " fetch(form.action, {method: 'POST', body: copy, redirect: 'manual'}); form.submit(); }"
    )
    phone.wait_for_url(re.compile(r"/pay\?|/orders/"))
    masked = "select count(*) from orders_order where contact_masked like 'd%%@example.com'"
    assert shop.sql(masked) == [(1,)]


def test_back_from_the_gateway_leads_to_the_same_order(phone: Page, shop: House) -> None:
    acts.choose(phone, acts.CARD, "JD-E-50", contact="back@example.com")
    acts.send(phone)
    phone.locator("button[value=cancel]").click()
    phone.wait_for_url(acts.ORDER_ID)
    order = acts.order_of(phone)
    expect(phone.locator(".hero-pending_payment")).to_be_visible()
    phone.go_back()
    phone.goto(f"/orders/{order}/pay/")
    phone.locator("#pay-form button").click()
    assert acts.pay(phone) == order
    acts.delivered(phone)
    paid = "select count(*) from orders_payment p join orders_order o on o.id = p.order_id"
    applied = shop.sql(f"{paid} where o.public_id = %s and p.applied", [order])
    assert applied == [(1,)]


@pytest.mark.parametrize(("name", "wrong"), [("in_phone", "12345"), ("contact", "nobody")])
def test_a_wrong_answer_keeps_the_rest_and_says_what_to_do(
    phone: Page, name: str, wrong: str
) -> None:
    answers = {"in_phone": PHONE_NUMBER, "contact": "kept@example.com"}
    acts.choose(phone, acts.TOP_UP, "IQY-GOLD-M")
    for field, value in {**answers, name: wrong}.items():
        phone.locator(f"#buy [name={field}]").fill(value)
    phone.locator("#buy").evaluate("form => { form.noValidate = true; }")
    acts.send(phone)
    expect(phone.locator("main [role=alert], main .error, main .note-bad").first).to_be_visible()
    kept = {"in_phone": "contact", "contact": "in_phone"}[name]
    expect(phone.locator(f"[name={kept}]").first).to_have_value(answers[kept])


def test_without_script_the_whole_road_works(no_script: Page) -> None:
    order = acts.buy(
        no_script, acts.TOP_UP, "IQY-GOLD-W", contact="13900139003", phone="13712345678"
    )
    acts.delivered_by_reload(no_script, order)
    order = acts.buy(no_script, acts.CARD, "JD-E-50", contact="13900139003")
    acts.delivered_by_reload(no_script, order)
    assert _sold(no_script) in _lines("JD-E-50.txt")


def test_with_the_keyboard_alone(desktop: Page) -> None:
    desktop.goto(f"/p/{acts.CARD}/?sku=JD-E-50")
    desktop.keyboard.press("Tab")
    expect(desktop.locator(".skip")).to_be_focused()
    for _ in range(60):
        desktop.keyboard.press("Tab")
        if desktop.evaluate("() => document.activeElement.name") == "contact":
            break
    desktop.keyboard.type("keys@example.com")
    for _ in range(6):
        desktop.keyboard.press("Tab")
        if desktop.evaluate("() => document.activeElement.name") == "consent":
            break
    desktop.keyboard.press("Space")
    desktop.keyboard.press("Tab")
    desktop.keyboard.press("Enter")
    desktop.locator("button[value=pay]").focus()
    desktop.keyboard.press("Enter")
    desktop.wait_for_url(acts.ORDER_ID)
    acts.delivered(desktop)


def test_a_sold_out_good_cannot_be_bought_and_says_what_to_do(phone: Page) -> None:
    phone.goto(f"/p/{acts.CARD}/?sku=JD-E-1000")
    expect(phone.locator("#buy .btn, #buy a").first).to_be_visible()
    expect(phone.locator("form#buy")).to_have_count(0)
    expect(phone.locator(".buybar")).to_have_count(0)
    expect(phone.locator(".face-stage .face-muted")).to_be_visible()
