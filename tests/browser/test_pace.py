"""Slow, lost and late answers: the page stays true to what its reader did last, and says what went wrong."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from tests.browser import acts
from tests.browser.conftest import Complaints
from tests.browser.people import Office, Staff

AWAY = "没有收到商店的答复"
SKUS = ("JD-E-50", "JD-E-100")


def held(page: Page, pattern: str) -> list[Route]:
    """The next question to that address, which waits until the test lets it go on."""
    routes: list[Route] = []
    page.route(pattern, lambda route: routes.append(route), times=1)  # noqa: PLW0108  is given a mark
    return routes


def until_asked(page: Page, routes: list[Route]) -> Route:
    while not routes:
        page.wait_for_timeout(20)
    return routes[0]


def filled_cart(page: Page) -> None:
    for sku in SKUS:
        page.goto(f"/p/{acts.CARD}/?sku={sku}")
        page.locator("button[formaction$='/cart/add/']").click()
        page.wait_for_url("**/cart/")


def numbers(page: Page) -> Callable[[str, str], None]:
    """Says that the cart shows these two numbers."""
    fields = page.locator("#cart input[type=number]")

    def show(first: str, second: str) -> None:
        expect(fields.nth(0)).to_have_value(first)
        expect(fields.nth(1)).to_have_value(second)

    return show


def test_no_click_in_the_cart_is_lost_while_an_answer_is_on_its_way(
    phone: Page, complaints: Complaints
) -> None:
    filled_cart(phone)
    more, show = phone.locator("#cart [data-step='1']"), numbers(phone)
    units = phone.locator(".buybar small")
    slow = held(phone, "**/cart/update/")
    more.first.click()
    route = until_asked(phone, slow)
    more.first.click()
    more.nth(1).click()
    more.nth(1).focus()
    route.continue_()
    expect(units).to_contain_text("5")
    show("3", "2")
    expect(more.nth(1)).to_be_focused()

    phone.route("**/cart/update/", lambda route: route.abort(), times=1)
    more.first.click()
    expect(phone.locator("#trouble")).to_contain_text(AWAY)
    show("3", "2")
    complaints.clear()
    more.first.click()
    expect(units).to_contain_text("6")
    expect(phone.locator("#trouble")).to_be_empty()

    # The last click is not waited for: the checkout shows it all the same.
    more.nth(1).click()
    phone.locator(".buybar a").click()
    phone.wait_for_url("**/checkout/")
    expect(phone.locator("#place .bill tr").nth(1)).to_contain_text("× 3")


def test_an_order_whose_answer_was_lost_is_found_by_the_second_click(
    phone: Page, complaints: Complaints
) -> None:
    filled_cart(phone)
    phone.goto("/checkout/")
    phone.locator("[name=contact]").fill("13900139020")
    phone.locator("[name=consent]").check()
    phone.evaluate(
        "() => { const form = document.getElementById('place');"
        " return fetch(form.action, {method: 'POST', body: new FormData(form),"
        " redirect: 'manual', credentials: 'same-origin'}); }"
    )
    phone.context.clear_cookies(name="qy_orders")
    phone.locator(".buybar button").click()
    phone.wait_for_url(acts.ORDER_ID)
    expect(phone.locator(".hero-pending_payment")).to_be_visible()


def test_the_order_page_goes_on_after_answers_were_lost(
    phone: Page, complaints: Complaints
) -> None:
    acts.choose(phone, acts.TOP_UP, "IQY-GOLD-W", contact="13900139021", phone="13900139021")
    lost: list[str] = []

    def lose(route: Route) -> None:
        lost.append(route.request.url)
        route.abort()

    phone.route(re.compile(r"/status/"), lose, times=2)
    acts.send(phone)
    acts.pay(phone)
    expect(phone.locator("#trouble")).to_contain_text(AWAY)
    phone.evaluate("() => window.dispatchEvent(new Event('online'))")
    acts.delivered(phone)
    expect(phone.locator("#trouble")).to_be_empty()
    assert len(lost) == 2
    complaints.clear()


def test_of_two_choices_the_last_one_counts(phone: Page, complaints: Complaints) -> None:
    phone.goto(f"/p/{acts.TOP_UP}/?sku=IQY-GOLD-M")
    phone.locator("[name=in_phone]").fill("13900139022")
    slow = held(phone, "**/?sku=IQY-GOLD-Y")
    phone.locator("a.opt[hx-get*='GOLD-Y']").click()
    until_asked(phone, slow)
    week = phone.locator("a.opt[hx-get*='GOLD-W']")
    week.click()
    expect(week).to_have_attribute("aria-current", "true")
    phone.wait_for_url("**/?sku=IQY-GOLD-W")
    expect(phone.locator("#buy [name=sku]")).to_have_value("IQY-GOLD-W")
    expect(phone.locator("[name=in_phone]")).to_have_value("13900139022")
    expect(week).to_be_focused()
    slow[0].abort()
    # htmx says it of every question that a later one replaces.
    complaints.clear()


def test_who_was_signed_out_meanwhile_is_told(
    phone: Page, staff: Staff, complaints: Complaints
) -> None:
    acts.sign_in(phone, "lin@demo.example.com", staff.shopper_password)
    phone.goto("/lottery/")
    phone.locator("main a[href^='/lottery/']").first.click()
    draw = phone.locator("#play form[hx-post] button")
    draw.evaluate("button => { button.disabled = false; }")
    phone.route("**/draw/", lambda route: route.abort(), times=1)
    draw.click()
    expect(phone.locator("#trouble")).to_contain_text(AWAY)
    complaints.clear()
    phone.context.clear_cookies(name="qy_session")
    draw.click()
    # The page is loaded anew, not the sign-in page put into a part of it.
    expect(phone.locator("#play a[href*='next=']")).to_be_visible()
    expect(phone.locator("header.top")).to_have_count(1)


def test_the_preview_of_a_campaign_wipes_no_typing_away(
    office: Office, complaints: Complaints
) -> None:
    desk = office("operator")
    desk.goto("/admin/orders/promotion/add/?kind=amount_off")
    desk.locator("[name=name]").fill("预览不丢字")
    desk.locator("[name=p_steps_0]").fill("100")
    desk.locator("[name=p_steps_1]").fill("10")
    desk.locator("[name=p_steps_1]").press("Tab")
    expect(desk.locator("#look .promo-mine").first).to_be_visible()
    desk.locator("#look summary").click()
    units = desk.locator("[name=see_units_0]")
    slow = held(desk, "**/promotion/look/")
    desk.locator("[name=see_sku_0]").select_option("IQY-GOLD-Y")
    route = until_asked(desk, slow)
    units.fill("7")
    with desk.expect_response("**/promotion/look/"):
        route.continue_()
    expect(units).to_have_value("7")
    units.press("Tab")
    expect(desk.locator("#look .promo-lines")).to_contain_text("× 7")

    desk.route("**/promotion/look/", lambda route: route.abort(), times=1)
    units.fill("3")
    units.press("Tab")
    expect(desk.locator("#look [data-trouble=away]")).to_be_visible()
    complaints.clear()
    units.fill("4")
    units.press("Tab")
    expect(desk.locator("#look .promo-lines")).to_contain_text("× 4")
    expect(desk.locator("#look [data-trouble]")).to_have_count(0)
