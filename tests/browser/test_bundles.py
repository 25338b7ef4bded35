"""A bundle bought in the browser: two suppliers' goods and our own voucher, and one of them refuses."""

import re

from playwright.sync_api import Page, expect

from simulators.supplier_c.script import Supplier
from tests.browser import acts
from tests.browser.people import Staff
from tests.house import House

WEEKEND = "weekend-at-home-pack"
PICK = "pick-any-two-video-memberships"
REFUSED = "13612345678"
SHARES = (
    "select l.sku_code, l.paid_minor, l.delivered, coalesce((select sum(x.amount_minor)"
    " from orders_refundline x where x.line_id = l.id), 0) from orders_orderline l"
    " join orders_order o on o.id = l.order_id where o.public_id = %s order by l.position"
)


def test_one_supplier_refuses_two_parts_come_one_is_paid_back(
    phone: Page, staff: Staff, shop: House
) -> None:
    first, second = Supplier(shop.address("supplier_c")), Supplier(shop.address("supplier_a"))
    for product in ("MT-PASS-W", "IQY-GOLD-M"):
        match = {"product": product, "account": REFUSED}
        first.fault("reject", op="order", match=match, times=None, code="OUT_OF_STOCK")
    acts.sign_in(phone, "lin@demo.example.com", staff.shopper_password)
    phone.goto(f"/p/{WEEKEND}/?sku=BUN-WEEKEND")
    expect(phone.locator(".inside .part")).to_have_count(3)
    order = acts.buy(phone, WEEKEND, "BUN-WEEKEND", phone=REFUSED)
    expect(phone.locator(".hero-partially_delivered")).to_be_visible(timeout=60_000)
    rows = shop.sql(SHARES, [order])
    # 36.50, a member's price of it, over 19.90 : 6.60 : 13.90; the first came from the second supplier.
    assert rows == [
        ("IQY-GOLD-M", 1798, 1, 0), ("MT-PASS-W", 596, 0, 596), ("LK-LATTE", 1256, 1, 0),
    ]  # fmt: skip
    assert [row["product"] for row in second.grants(account=REFUSED)] == ["IQY-GOLD-M"]
    head = phone.locator(".bundle-head")
    expect(head).to_contain_text("2")
    expect(head.locator(".bundle-missing")).to_contain_text("¥5.96", timeout=60_000)
    expect(phone.locator(".bundle-group .unit[data-state=delivered]")).to_have_count(2)
    expect(phone.locator(".bundle-group .unit[data-state=failed]")).to_have_count(1)
    expect(phone.locator("#order-bill")).to_contain_text("¥5.96")
    phone.goto("/wallet/")
    parts = phone.locator(".wallet article", has_text="周末宅家欢乐包")
    expect(parts).to_have_count(2)
    expect(parts.first).to_contain_text("¥5.96")
    sent = "select m.template from accounts_message m where m.template = any(%s) order by m.id"
    assert ("parts_delivered",) in shop.sql(sent, [["parts_delivered", "refund_done"]])


def test_two_of_four_are_chosen_and_no_more(phone: Page, shop: House) -> None:
    phone.goto(f"/p/{PICK}/?sku=BUN-PICK2")
    boxes = phone.locator("input[name=pick]")
    expect(phone.locator("[name=in_qq]")).to_be_hidden()
    phone.locator("label.pick-one", has=phone.locator("[value=TXV-VIP-M]")).click()
    expect(phone.locator("[name=in_qq]")).to_be_visible()
    expect(phone.locator("[name=in_phone]")).to_be_hidden()
    acts.send(phone)
    assert "/p/" in phone.url  # one is too few: the browser says so and sends nothing
    phone.locator("label.pick-one", has=phone.locator("[value=YK-VIP-M]")).click()
    expect(phone.locator("[data-chosen]")).to_have_text("2/2")
    assert [boxes.nth(n).is_disabled() for n in range(4)].count(True) == 2
    phone.locator("[name=in_qq]").fill("123456789")
    phone.locator("[name=in_phone]").fill("13712345679")
    phone.locator("#buy [name=contact]").fill("pick@example.com")
    phone.locator("#buy [name=consent]").check()
    acts.send(phone)
    order = acts.pay(phone)
    acts.delivered(phone)
    assert [row[:2] for row in shop.sql(SHARES, [order])] == [
        ("TXV-VIP-M", 1944), ("YK-VIP-M", 1556),
    ]  # fmt: skip
    expect(phone.locator(".bundle-head")).to_be_visible()


def test_choosing_works_without_script(no_script: Page, shop: House) -> None:
    def choose(*codes: str) -> None:
        no_script.goto(f"/p/{PICK}/?sku=BUN-PICK2")
        for code in codes:
            no_script.locator(f"[value={code}]").check()
        no_script.locator("[name=in_phone]").fill("13712345670")
        no_script.locator("#buy [name=contact]").fill("noscript@example.com")
        no_script.locator("#buy [name=consent]").check()
        acts.send(no_script)

    choose("IQY-GOLD-M", "YK-VIP-M", "BILI-VIP-M")
    no_script.wait_for_url(re.compile(rf"/p/{PICK}/"))
    expect(no_script.locator(".flash, [role=status], .note").first).to_be_visible()
    choose("IQY-GOLD-M", "BILI-VIP-M")
    order = acts.pay(no_script)
    acts.delivered_by_reload(no_script, order)
    assert [row[0] for row in shop.sql(SHARES, [order])] == ["IQY-GOLD-M", "BILI-VIP-M"]


def test_in_the_cart_beside_other_goods(phone: Page, shop: House) -> None:
    phone.goto(f"/p/{WEEKEND}/?sku=BUN-WEEKEND")
    phone.locator("[name=in_phone]").fill("13712345671")
    phone.locator("button[formaction$='/cart/add/']").click()
    phone.wait_for_url("**/cart/")
    expect(phone.locator(".inside-list li")).to_have_count(3)
    phone.goto(f"/p/{acts.CARD}/?sku=JD-E-50")
    phone.locator("button[formaction$='/cart/add/']").click()
    phone.wait_for_url("**/cart/")
    phone.goto("/checkout/")
    expect(phone.locator(".inside-list li")).to_have_count(3)
    phone.locator("[name=contact]").fill("13900139008")
    phone.locator("[name=consent]").check()
    phone.locator(".buybar button").click()
    acts.pay(phone)
    acts.delivered(phone)
    expect(phone.locator(".bundle-group .goods")).to_have_count(3)
    expect(phone.locator("#order-goods .goods")).to_have_count(4)
