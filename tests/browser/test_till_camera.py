"""The wallet's own QR before a clerk's camera: read by the server, by the browser itself, or from a picture."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, Page, expect

from tests.browser import acts
from tests.browser.camera import film
from tests.browser.chromium import CHROMIUM, PHONE
from tests.browser.conftest import Complaints
from tests.browser.counter import CLERK, Bought, bought, clerk, stage, used
from tests.browser.people import Staff
from tests.house import House

__all__ = ["bought", "clerk", "used"]


@pytest.fixture
def lens(
    browser: Browser, browser_type: BrowserType, tmp_path: Path, shop: House, staff: Staff,
    complaints: Complaints,
) -> Iterator[Callable[..., Page]]:  # fmt: skip
    """A clerk's phone whose camera sees a picture."""
    opened: list[Browser] = []

    def look_at(picture: bytes | None, script: str = "") -> Page:
        other = browser_type.launch(
            executable_path=CHROMIUM, args=film(tmp_path / "lens.y4m", picture)
        )
        opened.append(other)
        context: BrowserContext = other.new_context(
            base_url=shop.url, viewport=PHONE, locale="zh-CN", is_mobile=True, has_touch=True,
            permissions=["camera"],
        )  # fmt: skip
        context.set_default_timeout(30_000)
        page = context.new_page()
        complaints.listen(page)
        acts.sign_in(page, CLERK, staff.shopper_password)
        if script:
            page.add_init_script(script)
        page.goto("/redeem/")
        return page

    yield look_at
    for other in opened:
        other.close()


def test_the_wallets_qr_is_scanned_from_a_camera_and_used_once(
    bought: Bought, lens: Callable[..., Page], used: Callable[[], int], shop: House
) -> None:
    """The server reads the frames: this chromium has no detector of its own."""
    page = lens(bought.picture)
    stage(page, "found")
    assert page.locator(".camera").get_attribute("data-reader") == "server"
    assert used() == 0
    page.locator("[data-step='1']").click()
    expect(page.locator("[data-uses]")).to_have_text("2")
    page.locator("[data-confirm]").dblclick()
    stage(page, "done")
    left = int(page.locator(".verdict-left b").inner_text())
    assert (used(), left) == (2, bought.left(shop))
    expect(page.locator("#till-sum")).to_contain_text(re.compile(r"[1-9]"))
    page.locator(".undo summary").click()
    page.locator("[data-undo]").click()
    stage(page, "undone")
    assert used() == 0
    # The same code still lies before the lens: the next customer is scanned by itself.
    page.locator("[data-next]").click()
    stage(page, "found")


# Chromium on Linux ships no BarcodeDetector; a browser that has one is asked first and sends nothing.
OWN_DETECTOR = """
window.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code", "ean_13"]; }
  constructor(options) { window.asked = options.formats; }
  async detect(source) { return source.videoWidth ? [{ rawValue: "%s" }] : []; }
};
"""


def test_a_browsers_own_detector_is_asked_first(
    bought: Bought, lens: Callable[..., Page], used: Callable[[], int]
) -> None:
    sent: list[str] = []
    page = lens(None, OWN_DETECTOR % bought.scanned)
    page.on("request", lambda request: sent.append(request.url))
    stage(page, "found")
    assert page.locator(".camera").get_attribute("data-reader") == "own"
    assert page.evaluate("() => window.asked") == ["qr_code"]
    page.locator("[data-confirm]").click()
    stage(page, "done")
    assert used() == 1
    assert [url for url in sent if url.endswith("/redeem/frame/")] == []


def test_an_empty_counter_is_looked_at_no_more_than_three_times_a_second(
    lens: Callable[..., Page],
) -> None:
    page = lens(None)
    expect(page.locator(".camera[data-state=on]")).to_be_visible()
    sent: list[int] = []
    page.on(
        "request",
        lambda request: (
            sent.append(len(request.post_data_buffer or b""))
            if request.url.endswith("/redeem/frame/")
            else None
        ),
    )
    page.wait_for_timeout(3000)
    assert 1 <= len(sent) <= 10
    assert max(sent) < 100_000
    assert page.locator(".stage-idle").count() == 1


def test_a_picture_serves_where_no_camera_is(
    bought: Bought, clerk: Callable[..., Page], used: Callable[[], int]
) -> None:
    page = clerk("/redeem/")
    page.locator("[data-camera=start]").click()
    expect(page.locator("#camera-words")).to_contain_text("没有找到摄像头")
    shot = {"name": "shot.png", "mimeType": "image/png", "buffer": bought.picture}
    page.locator("#picture").set_input_files(shot)  # type: ignore[arg-type]
    stage(page, "found")
    page.locator("[data-confirm]").click()
    stage(page, "done")
    assert used() == 1
