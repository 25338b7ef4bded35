"""A piece of a numbered edition: bought, in the wallet, certified, given on."""

from playwright.sync_api import Page, expect

from demo.people import SHOPPERS, password
from tests.browser import acts
from tests.browser.studio import BOTH, DARK, DESKTOP_LOOK, ENGLISH, PHONE_LOOK, Studio

PRODUCT, SKU = "new-year-concert-keepsake-ticket", "PIANO-GALA"


def editions(studio: Studio) -> None:
    """Two pieces are bought; the second goes to a friend, whose certificate has two links."""
    studio.chapter = "Numbered editions"
    shopper = studio.person()
    page = shopper.new_page()
    acts.sign_in(page, SHOPPERS[0].sign_in, password("shopper"))
    first = _buy(page)
    certificate = _certificate(page)
    studio.take("edition-thing", "A numbered piece in the wallet", first, by=shopper)
    studio.take(
        "certificate-mine", "Its certificate, for its holder", certificate, by=shopper,
        looks=(PHONE_LOOK,),
    )  # fmt: skip
    given = _buy(page)
    page.goto(f"{given}give/")
    page.locator("[name=greeting]").fill("新年快乐，一起去听音乐会！")
    page.locator("main form button.btn").click()
    link = page.locator("#gift-link").inner_text()
    friend = studio.person().new_page()
    friend.goto(link)
    friend.locator("form[action$='/claim/'] button").click()
    friend.wait_for_url("**/wallet/ent_*/")
    studio.take(
        "certificate", "A certificate with its chain, for everybody", _certificate(friend),
        looks=(*BOTH, DARK, ENGLISH),
    )  # fmt: skip
    studio.take(
        "edition-keys", "The keys that sign", "/editions/keys/", looks=(PHONE_LOOK, DESKTOP_LOOK)
    )


def _buy(page: Page) -> str:
    """Buy one; the address of its page in the wallet, which is open then."""
    acts.choose(page, PRODUCT, SKU)
    page.locator("#buy [name=veil]").check()
    acts.send(page)
    acts.pay(page)
    acts.delivered(page)
    page.locator(".unit a[href*='/wallet/ent_']").click()
    page.wait_for_url("**/wallet/ent_*/")
    return page.url


def _certificate(page: Page) -> str:
    link = page.locator("a[href*='/editions/crt_']").first
    expect(link).to_be_visible()
    return str(link.get_attribute("href"))
