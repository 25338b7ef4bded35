"""Giving a card to a friend who sits at another browser, and taking one back."""

import re

from playwright.sync_api import Page, expect

from tests.browser import acts
from tests.browser.chromium import DESKTOP
from tests.browser.people import Opener, Staff
from tests.house import House

THING = re.compile(r"/wallet/ent_[0-9A-Z]{16}/")


def bought_as_a_gift(page: Page, sku: str = "JD-E-50") -> str:
    """Buy with the codes kept covered; the address of the thing in the wallet."""
    acts.choose(page, acts.CARD, sku)
    page.locator("#buy [name=veil]").check()
    acts.send(page)
    acts.pay(page)
    acts.delivered(page)
    expect(page.locator(f".unit {acts.CODE}")).to_have_count(0)
    page.locator(".unit a[href*='/wallet/ent_']").click()
    page.wait_for_url(THING)
    return page.url


def give(page: Page, thing: str, words: str = "生日快乐") -> str:
    """Write the card; the link for the friend."""
    page.goto(f"{thing}give/")
    page.locator("label.card-pick").nth(1).click()
    page.locator("[name=sender]").fill("林晚")
    page.locator("[name=greeting]").fill(words)
    page.locator("main form button.btn").click()
    return page.locator("#gift-link").inner_text()


def test_a_friend_at_another_browser_accepts_it(
    phone: Page, opener: Opener, staff: Staff, shop: House
) -> None:
    acts.sign_in(phone, "lin@demo.example.com", staff.shopper_password)
    phone.goto("/wallet/?show=given")
    given_before = phone.locator(".wallet article .pill-good").count()
    thing = bought_as_a_gift(phone)
    link = give(phone, thing)
    friend = opener(DESKTOP, "en-US")
    friend.goto(link)
    assert "t=" not in friend.url
    expect(friend.locator(".card-picture")).to_contain_text("生日快乐")
    friend.locator("form[action$='/claim/'] button").click()
    friend.wait_for_url(THING)
    friend.locator("form[data-reveal] button").click()
    expect(friend.locator("[id^=codes-] dd").first).to_be_visible()
    expect(friend.locator(".history")).to_contain_text("林晚")
    late = opener()
    late.goto(link)
    expect(late.locator("form[action$='/claim/']")).to_have_count(0)
    phone.goto("/wallet/?show=given")
    expect(phone.locator(".wallet article .pill-good")).to_have_count(given_before + 1)
    assert phone.goto(thing).status == 404  # type: ignore[union-attr]
    found = shop.sql("select count(*) from fulfillment_ownershipchange")
    assert found[0][0] >= 1


def test_a_friend_signs_in_and_it_moves_into_the_wallet(
    phone: Page, opener: Opener, staff: Staff
) -> None:
    acts.sign_in(phone, "lin@demo.example.com", staff.shopper_password)
    link = give(phone, bought_as_a_gift(phone))
    friend = opener()
    friend.goto(link)
    friend.locator("form[action$='/claim/'] button").click()
    friend.wait_for_url(THING)
    thing = friend.url
    acts.sign_in(friend, "13800138000", staff.shopper_password)
    friend.goto(thing)
    friend.locator("form[action$='/keep/'] button").click()
    friend.goto("/wallet/")
    expect(friend.locator(f".wallet a[href='{thing[thing.index('/wallet/') :]}']")).to_have_count(1)


def test_what_nobody_accepted_is_taken_back(phone: Page, opener: Opener, staff: Staff) -> None:
    acts.sign_in(phone, "lin@demo.example.com", staff.shopper_password)
    thing = bought_as_a_gift(phone)
    link = give(phone, thing)
    phone.goto(thing)
    expect(phone.locator("form[data-reveal]")).to_have_count(0)
    phone.locator("form[action$='/take-back/'] button").click()
    phone.wait_for_url(THING)
    friend = opener()
    friend.goto(link)
    expect(friend.locator("form[action$='/claim/']")).to_have_count(0)
    phone.locator("form[data-reveal] button").click()
    expect(phone.locator("[id^=codes-] dd").first).to_be_visible()
    assert phone.goto(f"{thing}give/").url == thing  # type: ignore[union-attr]


def test_a_guest_gives_without_script(no_script: Page, opener: Opener) -> None:
    acts.choose(no_script, acts.CARD, "JD-E-50", contact="13900139009")
    no_script.locator("#buy [name=veil]").check()
    acts.send(no_script)
    order = acts.pay(no_script)
    acts.delivered_by_reload(no_script, order)
    no_script.locator(".unit a[href*='/wallet/ent_']").click()
    link = give(no_script, no_script.url)
    friend = opener(java_script_enabled=False)
    friend.goto(link)
    friend.locator("form[action$='/claim/'] button").click()
    friend.locator("form[data-reveal] button").click()
    expect(friend.locator(".code dd").first).to_be_visible()
    no_script.goto(f"/orders/{order}/")
    expect(no_script.locator(".unit form")).to_have_count(0)
