"""A group buy in pictures: open one, pass it on, join, wait together; and its desk."""

import re

from playwright.sync_api import Page

from demo.groups import SLUG
from tests.browser import acts
from tests.browser.stories import enter_office
from tests.browser.studio import BOTH, DARK, DESKTOP_LOOK, ENGLISH, PHONE_LOOK, Studio

NUMBERS = ("13812345678", "13912345678")
GOOD = "/p/iqiyi-gold-vip/?sku=IQY-GOLD-M"


def groups(studio: Studio) -> None:
    """What the one who opens a group sees, what a friend sees, and what an operator set up."""
    studio.chapter = "Buying together"
    first, friend = studio.person(), studio.person()
    studio.take("group-buys", "What one may buy together", "/groups/", looks=(PHONE_LOOK,))
    studio.take("group-buy", "Alone or together", f"/groups/{SLUG}/", looks=(*BOTH, DARK, ENGLISH))
    page = first.new_page()
    page.goto(f"/groups/{SLUG}/")
    order = _sit_down(page, 0)
    studio.take(
        "group-waiting", "Paid, and waiting for friends", order, by=first, looks=(PHONE_LOOK,)
    )
    page.goto(order)
    address = re.search(r"/group/[^/\s\"]+/", page.content())
    assert address is not None, "an order that waits names its group"
    studio.take("group", "What a friend opens", address[0], by=friend, looks=(PHONE_LOOK, DARK))
    page = friend.new_page()
    page.goto(address[0])
    _sit_down(page, 1)
    studio.take("group-mine", "One seat is left", address[0], by=friend, looks=(PHONE_LOOK,))
    studio.take("group-offer", "Beside the good", GOOD, looks=(PHONE_LOOK,))
    operator = enter_office(studio, "operator")
    for name, title in (("groupbuy", "Group buys"), ("buygroup", "Groups and their seats")):
        studio.take(
            f"office-{name}", title, f"/admin/orders/{name}/", by=operator, looks=(DESKTOP_LOOK,)
        )
    studio.take(
        "office-groupbuy-new", "Set one up", "/admin/orders/groupbuy/add/", by=operator,
        looks=(DESKTOP_LOOK,),
    )  # fmt: skip


def _sit_down(page: Page, number: int) -> str:
    """Take a seat and pay for it; the address of the order."""
    page.locator("#buy [name=in_phone]").fill(NUMBERS[number])
    page.locator("#buy [name=contact]").fill(f"friend{number}@example.com")
    page.locator("#buy [name=consent]").check()
    page.locator("#buy [type=submit]").click()
    return f"/orders/{acts.pay(page)}/"
