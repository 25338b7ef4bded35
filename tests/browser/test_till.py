"""At the counter: a scanner that types, double presses, lost answers, refusals to read."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser import acts
from tests.browser.chromium import DESKTOP, PHONE
from tests.browser.conftest import Complaints
from tests.browser.counter import LEAD, SHOPPER, Bought, bought, clerk, scan, stage, used
from tests.browser.people import Opener, Staff
from tests.house import House

__all__ = ["bought", "clerk", "used"]

WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
# More than a scanner's second line, less than a test's patience.
A_LOOK = 800


def test_a_scanner_needs_no_mouse(
    bought: Bought, clerk: Callable[..., Page], used: Callable[[], int]
) -> None:
    page = clerk("/redeem/desk/", size=DESKTOP)
    expect(page.locator("#entry")).to_be_focused()
    scan(page, bought.scanned)
    stage(page, "found")
    page.wait_for_timeout(A_LOOK)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    stage(page, "done")
    assert used() == 3
    page.keyboard.press("F8")
    stage(page, "undone")
    assert used() == 0
    scan(page, bought.scanned)
    stage(page, "found")
    page.keyboard.press("Escape")
    stage(page, "idle")
    expect(page.locator("#entry")).to_be_focused()
    assert used() == 0


def test_a_second_scan_confirms_and_a_line_end_sent_twice_does_not(
    bought: Bought, clerk: Callable[..., Page], used: Callable[[], int]
) -> None:
    page = clerk("/redeem/desk/", size=DESKTOP)
    scan(page, bought.scanned + "\n")
    stage(page, "found")
    page.wait_for_timeout(300)
    assert used() == 0
    page.wait_for_timeout(A_LOOK)
    scan(page, bought.scanned.lower())
    stage(page, "done")
    assert used() == 1


def slowly(page: Page, act: Callable[[], object], meanwhile: Callable[[], object]) -> None:
    """Ask the till something; its answer comes only after this was done at the counter."""
    held: list[Route] = []
    page.route("**/redeem/desk/", lambda route: held.append(route), times=1)  # noqa: PLW0108  is given a mark
    act()
    while not held:
        page.wait_for_timeout(20)
    meanwhile()
    held[0].continue_()


@pytest.mark.parametrize("whole", [False, True], ids=["half a scan", "a whole scan"])
def test_a_scan_before_the_last_answer_loses_no_letter(
    bought: Bought, clerk: Callable[..., Page], used: Callable[[], int], whole: bool
) -> None:
    page = clerk("/redeem/desk/", size=DESKTOP)
    scan(page, bought.scanned)
    stage(page, "found")
    page.wait_for_timeout(A_LOOK)
    early, late = (bought.scanned + "\n", "") if whole else (bought.scanned[:9], bought.scanned[9:])
    slowly(page, lambda: page.keyboard.press("Enter"), lambda: page.keyboard.type(early))
    if late:
        stage(page, "done")
        expect(page.locator("#entry")).to_have_value(early)
        scan(page, late)
    stage(page, "found")
    expect(page.locator("#entry")).to_have_value("")
    assert used() == 1


def test_a_scan_before_a_refusal_does_not_wipe_it_away(
    bought: Bought, clerk: Callable[..., Page]
) -> None:
    page = clerk("/redeem/desk/", size=DESKTOP)
    slowly(page, lambda: scan(page, "WXP://F2F0ABCDEFG"), lambda: scan(page, bought.scanned))
    stage(page, "refused")
    expect(page.locator("#entry")).to_have_value("")
    page.wait_for_timeout(A_LOOK)
    stage(page, "refused")


def test_the_cursor_is_brought_home_before_a_scan_lands(
    bought: Bought, clerk: Callable[..., Page]
) -> None:
    page = clerk("/redeem/desk/", size=DESKTOP)
    page.locator("header nav a").first.focus()
    expect(page.locator(".wedge-away.shown")).to_be_visible()
    scan(page, bought.scanned)
    stage(page, "found")


def test_full_width_letters_and_an_input_method_lose_nothing(
    bought: Bought, clerk: Callable[..., Page]
) -> None:
    page = clerk("/redeem/desk/", size=DESKTOP)
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in bought.scanned)
    page.keyboard.insert_text(wide)
    page.keyboard.press("Enter")
    stage(page, "found")
    page.keyboard.press("Escape")
    # An input method shows candidates instead of letters; the keys still tell what was typed.
    page.evaluate(
        """(text) => {
          const field = document.getElementById("entry");
          const press = (code) => field.dispatchEvent(new KeyboardEvent("keydown",
            { code, key: "Process", keyCode: 229, isComposing: true, bubbles: true, cancelable: true }));
          field.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }));
          const key = (sign) => /[0-9]/.test(sign) ? "Digit" + sign : sign === ":" ? "Semicolon" : "Key" + sign;
          for (const sign of text) press(key(sign));
          field.value = "请 按 键";
          press("Enter");
        }""",
        bought.scanned,
    )
    stage(page, "found")


# --- every way ---------------------------------------------------------------------------------


def test_without_script_a_code_is_typed_and_used_once(
    bought: Bought, clerk: Callable[..., Page], used: Callable[[], int]
) -> None:
    page = clerk("/redeem/", java_script_enabled=False)
    page.locator("#entry").fill(bought.code.lower())
    page.locator("button[value=enter]").click()
    page.locator("button[data-confirm]").click()
    stage(page, "done")
    assert used() == 1
    page.reload()
    expect(page.locator(".verdict-note")).to_be_visible()
    assert used() == 1
    page.locator("[data-next]").click()
    stage(page, "idle")


def test_an_answer_that_was_lost_is_asked_for_again(
    bought: Bought, clerk: Callable[..., Page], used: Callable[[], int], complaints: Complaints
) -> None:
    page = clerk("/redeem/desk/", size=DESKTOP)
    scan(page, bought.scanned)
    stage(page, "found")
    page.route("**/redeem/desk/", lambda route: (route.fetch(), route.abort()))
    page.locator("[data-confirm]").click()
    expect(page.locator("#stage .note-bad")).to_be_visible()
    assert used() == 1
    complaints.clear()
    page.unroute("**/redeem/desk/")
    page.locator("[data-confirm]").click()
    stage(page, "done")
    expect(page.locator(".verdict-note")).to_contain_text("没有重复核销")
    assert used() == 1


def test_a_scan_whose_answer_was_lost_is_scanned_again(
    bought: Bought, clerk: Callable[..., Page], used: Callable[[], int], complaints: Complaints
) -> None:
    page = clerk("/redeem/desk/", size=DESKTOP)
    page.route("**/redeem/desk/", lambda route: route.abort(), times=1)
    scan(page, bought.scanned)
    expect(page.locator("#stage .note-bad")).to_be_visible()
    complaints.clear()
    scan(page, bought.scanned)
    stage(page, "found")
    assert used() == 0


def test_a_refusal_fills_the_screen_and_says_why(clerk: Callable[..., Page]) -> None:
    page = clerk("/redeem/")
    page.locator("#entry").fill("WXP://F2F0ABCDEFG")
    page.locator("button[value=enter]").click()
    stage(page, "refused")
    expect(page.locator(".verdict-why")).to_contain_text("不是本店的券码")
    box = page.locator(".verdict").bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (PHONE["width"], PHONE["height"])
    page.keyboard.press("Enter")
    stage(page, "idle")
    expect(page.locator("#entry")).to_be_visible()


def test_a_lead_says_where_and_sees_the_whole_store(
    opener: Opener, staff: Staff, shop: House
) -> None:
    page = opener()
    acts.sign_in(page, LEAD, staff.shopper_password)
    page.goto("/redeem/")
    page.wait_for_url("**/redeem/store/")
    page.locator(".store").nth(1).click()
    page.wait_for_url("**/redeem/")
    expect(page.locator(".till-where")).to_contain_text("五道口")
    page.goto("/redeem/today/?whose=store")
    expect(page.locator(".sums dd").first).to_be_visible()


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
def test_the_till_fits_a_phone(clerk: Callable[..., Page], language: str) -> None:
    page = clerk("/redeem/", language=language)
    for path in ("/redeem/", "/redeem/desk/", "/redeem/today/"):
        page.goto(path)
        expect(page.locator("main h1")).to_have_count(1)
        assert page.evaluate(WIDER) <= 0, path


def test_without_a_connection_the_till_says_so_and_redeems_nothing(
    clerk: Callable[..., Page],
) -> None:
    page = clerk("/redeem/")
    page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    assert (
        page.evaluate("() => fetch('/redeem/till.webmanifest').then((got) => got.json())")["scope"]
        == "/redeem/"
    )
    page.context.set_offline(True)
    page.goto("/redeem/today/")
    expect(page.locator("main h2")).to_contain_text("没有网络")
    page.context.set_offline(False)
    page.locator("main a.btn").click()
    expect(page.locator("#entry")).to_be_visible()


def test_a_qr_is_black_on_white_in_the_dark_and_on_paper(
    bought: Bought, phone: Page, staff: Staff
) -> None:
    acts.sign_in(phone, SHOPPER, staff.shopper_password)
    phone.goto(f"/wallet/{bought.entitlement}/")
    phone.locator("form[data-reveal] button").click()
    for how in ({"color_scheme": "dark"}, {"media": "print"}):
        phone.emulate_media(**how)  # type: ignore[arg-type]
        ground = phone.locator(".qr-ground")
        expect(ground).to_be_visible()
        assert (
            ground.evaluate("(it) => getComputedStyle(it).backgroundColor") == "rgb(255, 255, 255)"
        )
