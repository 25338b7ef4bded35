"""A campaign from the operator's screen to the shopper's phone."""

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.browser import acts
from tests.browser.people import Office

NAME = "影视会员周末满减"
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def test_a_campaign_is_made_on_one_screen_and_seen_on_a_phone(office: Office, phone: Page) -> None:
    desk = office("operator")
    desk.goto("/admin/orders/promotion/add/")
    desk.locator("a[href='?kind=amount_off']").click()
    desk.locator("[name=name]").fill(NAME)
    desk.locator("[name=name_en]").fill("Video weekend")
    desk.locator("[name=p_steps_0]").fill("100")
    desk.locator("[name=p_steps_1]").fill("10")
    desk.locator("[name=goods]").select_option("category:video", force=True)
    week = timezone.now() + timedelta(days=7)
    desk.locator("[name=ends_at_0]").fill(f"{week:%Y-%m-%d}")
    desk.locator("[name=ends_at_1]").fill("00:00:00")

    # The preview is the same engine on a cart of the operator's choice.
    expect(desk.locator("#look .promo-mine").first).to_be_visible()
    desk.locator("#look summary").click()
    for place, code in enumerate(("IQY-GOLD-Y", "", "")):
        desk.locator(f"[name=see_sku_{place}]").select_option(code)
    expect(desk.locator("#look .promo-sum strong")).to_have_text("¥179.00")

    desk.locator("#campaign .promo-bar button").first.click()
    desk.locator("a[href$='/live/act/']").click()
    desk.locator("#content form button, main form button").first.click()
    expect(desk.locator(".promo-state.promo-live")).to_be_visible()
    try:
        _seen(phone)
    finally:
        desk.locator("form[action$='/freeze/'] button").click()
        expect(desk.locator(".promo-state.promo-paused")).to_be_visible()


def _seen(phone: Page) -> None:
    """On the product page, then in the cart, at 390 px."""
    acts.choose(phone, acts.TOP_UP, "IQY-GOLD-Y", contact="13900139011", phone="13600136001")
    expect(phone.locator(".offers")).to_contain_text("满 100 减 10")
    phone.locator("button[formaction$='/cart/add/']").click()
    expect(phone.locator("#cart")).to_contain_text(NAME)
    expect(phone.locator(".bill .sum td")).to_have_text("¥179.00")
    assert phone.evaluate(WIDER) <= 0
