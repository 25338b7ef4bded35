"""Pages stand on both widths, load nothing from elsewhere and respect the policy."""

import pytest
from playwright.sync_api import Page, expect

PATHS = ["/", "/lookup/", "/cart/", "/accounts/login/", "/nothing-here/"]
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("path", PATHS)
def test_page_fits_a_phone(phone: Page, path: str) -> None:
    asked: list[str] = []
    phone.on("request", lambda request: asked.append(request.url))
    phone.goto(path)
    expect(phone.locator("main")).to_be_visible()
    assert phone.evaluate(WIDER) <= 0
    own = phone.url.split("/", 3)[2]
    assert [url for url in asked if not url.startswith(("data:", "blob:")) and own not in url] == []


@pytest.mark.parametrize("path", PATHS)
def test_page_stands_on_a_desktop(desktop: Page, path: str) -> None:
    desktop.goto(path)
    expect(desktop.locator("main")).to_be_visible()
    assert desktop.evaluate(WIDER) <= 0
    assert desktop.locator("html").get_attribute("lang") == "en"


def test_an_inline_script_is_refused(phone: Page, complaints: list[str]) -> None:
    phone.goto("/lookup/")
    phone.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.broken = 1';"
        " document.body.append(s); }"
    )
    assert phone.evaluate("() => window.broken") is None
    assert any(
        "Content Security Policy" in text or "Content-Security-Policy" in text
        for text in complaints
    )
    complaints.clear()
