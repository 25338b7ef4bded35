"""Language, light and dark, and search, as a visitor changes them."""

from playwright.sync_api import Page, expect


def test_the_language_is_switched_on_every_page_and_kept(phone: Page) -> None:
    phone.goto("/p/jd-e-card/")
    expect(phone.locator("h1")).to_have_text("京东E卡")
    phone.locator("header [name=language]").click()
    expect(phone.locator("html")).to_have_attribute("lang", "en")
    expect(phone.locator("h1")).to_have_text("JD E-card")
    phone.goto("/")
    expect(phone.locator("html")).to_have_attribute("lang", "en")


def test_dark_is_chosen_and_kept(phone: Page) -> None:
    phone.goto("/")
    light = phone.evaluate("() => getComputedStyle(document.body).backgroundColor")
    phone.locator("[data-theme-switch] [value=dark]").click()
    dark = phone.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert light != dark
    phone.goto("/lookup/")
    assert phone.evaluate("() => getComputedStyle(document.body).backgroundColor") == dark
    expect(phone.locator("[data-theme-switch] [value=dark]")).to_have_attribute(
        "aria-pressed", "true"
    )


def test_search_understands_pinyin_and_initials_while_one_types(phone: Page) -> None:
    phone.goto("/search/")
    for words in ("aiqiyi", "aqy", "爱奇艺"):
        phone.locator("#words").fill(words)
        expect(phone.locator("#found .item h3").first).to_contain_text("爱奇艺")
