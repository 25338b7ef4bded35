"""Friends and rewards in pictures: a link, what it opens, a packet that is shared, tasks."""

from playwright.sync_api import BrowserContext, Page

from demo.people import SHOPPERS, password
from tests.browser import acts
from tests.browser.stories import enter_office
from tests.browser.studio import DARK, DESKTOP_LOOK, ENGLISH_DESKTOP, PHONE_LOOK, Studio

LOOKS = (PHONE_LOOK, ENGLISH_DESKTOP)


def rewards(studio: Studio) -> None:
    """Pages of a shopper with an account, a visitor's, and an operator's."""
    studio.chapter = "Friends and rewards"
    shopper = studio.person()
    page = shopper.new_page()
    acts.sign_in(page, SHOPPERS[0].sign_in, password("shopper"))
    studio.take("invite", "My invite link", "/invite/", by=shopper, looks=LOOKS)
    page.goto("/invite/")
    link = page.locator("dl.code dd").first.inner_text()
    studio.take("invited", "What it opens", link[link.index("/invite/") :], looks=LOOKS)
    _share(studio, shopper, page)
    studio.take("tasks", "Tasks", "/tasks/", by=shopper, looks=LOOKS)
    operator = enter_office(studio, "operator")
    for name, title in (("inviteprogramme", "Invite programmes"), ("packettemplate", "Red packets"),
                        ("task", "Tasks")):  # fmt: skip
        studio.take(
            f"office-{name}", title, f"/admin/orders/{name}/", by=operator, looks=(DESKTOP_LOOK,)
        )


def _share(studio: Studio, shopper: BrowserContext, page: Page) -> None:
    """An order brings a packet; a friend opens a share of it."""
    acts.buy(page, acts.CARD, "JD-E-100")
    acts.delivered(page)
    studio.take("packets", "Red packets to share", "/packet/", by=shopper, looks=(PHONE_LOOK,))
    page.goto("/packet/")
    link = page.locator("main h2 a[href^='/packet/']").first.get_attribute("href")
    assert link
    friend = studio.person()
    there = friend.new_page()
    acts.sign_in(there, SHOPPERS[1].sign_in, password("shopper"))
    there.goto(link)
    if there.locator("main form button.btn").count():
        there.locator("main form button.btn").click()
    there.locator(".packet-sum").wait_for()
    studio.take("packet", "Opened by a friend", link, by=friend, looks=(PHONE_LOOK, DARK))
