"""What a person does in the browser, by the names that stand on the page's parts rather than its words."""

import re
from typing import Any

from playwright.sync_api import Error, Page, expect

from tests.house import House

ORDER_ID = re.compile(r"/orders/(ord_[0-9A-Z]{16})/")
CODE = "dl.code dd"
CARD = "jd-e-card"
TOP_UP = "iqiyi-gold-vip"


def choose(page: Page, slug: str, sku: str, *, contact: str = "", **inputs: str) -> None:
    """Open a product, fill in the form beside it; nothing is sent yet."""
    page.goto(f"/p/{slug}/?sku={sku}")
    for name, value in inputs.items():
        page.locator(f"[name=in_{name}]").fill(value)
    if contact:
        page.locator("#buy [name=contact]").fill(contact)
    page.locator("#buy [name=consent]").check()


def send(page: Page) -> None:
    """Press the button that buys; on a phone it stands in the bar at the bottom."""
    page.locator("button[form=buy]:visible, #buy .desk:visible").first.click()


def pay(page: Page) -> str:
    """Pay on the gateway's page and come back; returns the order's id."""
    page.locator("button[value=pay]").click()
    page.wait_for_url(ORDER_ID)
    return order_of(page)


def order_of(page: Page) -> str:
    """Id of the order whose page this is."""
    found = ORDER_ID.search(page.url)
    assert found, page.url
    return found.group(1)


def buy(page: Page, slug: str, sku: str, *, contact: str = "", **inputs: str) -> str:
    """From the product page through the gateway to the order page; returns the order's id."""
    choose(page, slug, sku, contact=contact, **inputs)
    send(page)
    return pay(page)


def delivered(page: Page) -> None:
    """Wait until the open page says by itself that everything is there."""
    expect(page.locator(".hero-delivered")).to_be_visible(timeout=60_000)


def delivered_by_reload(page: Page, order: str) -> None:
    """The same without script: whoever has none looks again."""
    for _ in range(40):
        page.goto(f"/orders/{order}/")
        if page.locator(".hero-delivered").count():
            return
        page.wait_for_timeout(250)
    expect(page.locator(".hero-delivered")).to_be_visible()


def sign_in(page: Page, name: str, password: str, code: str = "") -> None:
    """Sign in with a password, and with the second factor when there is one."""
    page.goto("/accounts/login/")
    page.locator("main [name=login]").fill(name)
    page.locator("main [name=password]").fill(password)
    page.locator("main form button.btn").click()
    if code:
        page.locator("main [name=code]").fill(code)
        page.locator("main form button.btn").first.click()
    try:
        page.wait_for_url(lambda url: "/accounts/" not in url)
    except Error as error:
        raise AssertionError(page.locator("main").inner_text()) from error


def until(page: Page, shop: House, question: str, answer: list[tuple[Any, ...]]) -> None:
    """Wait for what a worker, or a click whose answer is on its way, brings into the database."""
    for _ in range(240):
        if shop.sql(question) == answer:
            return
        page.wait_for_timeout(250)
    assert shop.sql(question) == answer
