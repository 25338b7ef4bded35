"""A campaign page from the first block to a shopper's phone: built, ordered by keyboard, looked at, set live."""

import re

from playwright.sync_api import Page, expect

from tests.browser.people import Office
from tests.house import House

WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
SLUG = "browser-sale"
MAIN = "/page/browser-sale/"


def test_an_operator_builds_a_campaign_and_a_shopper_sees_it(
    office: Office, phone: Page, no_script: Page, shop: House
) -> None:
    shop.sql(
        "delete from catalog_pageblock where page_id in (select id from catalog_page where slug = %s)",
        (SLUG,),
    )
    shop.sql("delete from catalog_page where slug = %s", (SLUG,))
    page = office("operator")
    page.goto("/admin/catalog/page/add/")
    page.locator("[name=title]").fill("浏览器大促")
    page.locator("[name=slug]").fill(SLUG)
    page.locator("[name=hue]").fill("285")
    page.locator("[name=_save]").click()
    expect(page.locator("#page-blocks")).to_be_visible()
    _add(page, "banner", title="满场好价", link="/c/video/", hue="25")
    _add(page, "countdown", title="距结束", until="2036-01-01T00:00", after="已结束")
    _add(page, "rail", title="热卖", source="hot", limit="4")
    _add(page, "text", title="规则", html="<p>先到先得</p><script>alert(1)</script>")
    expect(page.locator(".page-line")).to_have_count(4)
    _to_the_top_by_keyboard(page)
    titles = page.locator(".page-line-name strong")
    expect(titles).to_have_text(["规则", "满场好价", "距结束", "热卖"])
    _preview(page)
    assert phone.goto(MAIN).status == 404  # type: ignore[union-attr]
    page.get_by_role("link", name=re.compile("上线")).click()
    page.locator("#content form button").first.click()
    expect(page.locator(".page-screen-head .desk-sub")).to_contain_text("显示中")
    _shopper(phone)
    no_script.goto(MAIN)
    expect(no_script.locator("time")).to_have_text("2036-01-01 00:00")


def _add(page: Page, kind: str, *, title: str, **settings: str) -> None:
    page.locator(f".page-kinds a[href*='add={kind}']").click()
    page.locator("#add [name=title]").fill(title)
    for name, value in settings.items():
        field = page.locator(f"#add [name=set-{name}]")
        if name == "source":
            field.select_option(value)
        else:
            field.fill(value)
    page.locator("#add form .page-button-main").click()
    expect(page.locator(".page-line-name strong").last).to_have_text(title)


def _to_the_top_by_keyboard(page: Page) -> None:
    """The button stays under the hand: it is pressed again and again without looking for it."""
    page.locator(".page-line").last.locator("button[value=up]").focus()
    for place in (2, 1, 0):
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("moved="))
        expect(page.locator(".page-line-name strong").nth(place)).to_have_text("规则")
        expect(page.locator(".page-line").nth(place).locator("button:focus")).to_have_count(1)


def _preview(page: Page) -> None:
    with page.expect_popup() as opened:
        page.get_by_role("link", name="预览").click()
    look = opened.value
    expect(look.locator(".preview-bar")).to_be_visible()
    expect(look.locator("main")).to_contain_text("先到先得")
    look.locator(".preview-bar [name=at]").fill("2036-01-02T00:00")
    look.locator(".preview-bar button").click()
    expect(look.locator(".countdown .after")).to_have_text("已结束")
    look.close()


def _shopper(phone: Page) -> None:
    _there_within_moments(phone)
    expect(phone.locator("h1")).to_have_text("浏览器大促")
    expect(phone.locator("time[data-until]")).to_have_text(re.compile(r"^\d+ 天 \d\d:\d\d:\d\d$"))
    expect(phone.locator(".item").first).to_be_visible()
    assert phone.evaluate(WIDER) <= 0
    assert "alert(1)" not in phone.content()


def _there_within_moments(phone: Page) -> None:
    """What an operator changes reaches every process within a second; nobody waits on the page for it."""
    for _look in range(60):
        answer = phone.goto(MAIN)
        if answer is not None and answer.ok:
            return
        phone.wait_for_timeout(250)


def test_a_visitor_s_own_block_comes_and_goes(phone: Page) -> None:
    block = phone.locator("[data-live]:has([hx-get^='/viewed/'])")
    phone.goto("/page/weekend/")
    expect(block).to_be_hidden()
    phone.goto("/p/iqiyi-gold-vip/")
    phone.goto("/page/weekend/")
    expect(block.locator(".item")).to_have_count(1)
    assert phone.evaluate(WIDER) <= 0
    block.locator(".forget button").click()
    expect(block).to_be_hidden()
    phone.reload()
    expect(block).to_be_hidden()
