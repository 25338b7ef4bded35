"""A real chromium against a whole shop. Whatever the page complains about fails the test."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from tests.house import House

PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    if CHROMIUM is None:
        pytest.skip("BROWSER TESTS DID NOT RUN: chromium is not installed")
    return {"executable_path": CHROMIUM, "args": list(FLAGS)}


class Complaints(list[str]):
    """What pages said against themselves: script errors, refused content, failed requests of our own."""

    def listen(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.append(f"{page.url}: {error}"))
        page.on("console", lambda said: self._console(page, said.type, said.text))

    def _console(self, page: Page, kind: str, text: str) -> None:
        # A page that is rightly 404 or 403 is logged by chromium as a failed resource.
        if kind == "error" and "Failed to load resource" not in text:
            self.append(f"{page.url}: {text}")


def _context(browser: Browser, house: House, size: ViewportSize, language: str) -> BrowserContext:
    context = browser.new_context(
        base_url=house.url,
        viewport=size,
        locale=language,
        is_mobile=size is PHONE,
        has_touch=size is PHONE,
    )
    context.set_default_timeout(10_000)
    return context


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Collects complaints; the test may clear what it provoked on purpose."""
    found = Complaints()
    yield found
    assert found == []


@pytest.fixture
def phone(browser: Browser, house: House, complaints: Complaints) -> Iterator[Page]:
    """A phone of 390 px whose owner reads Chinese."""
    context = _context(browser, house, PHONE, "zh-CN")
    page = context.new_page()
    complaints.listen(page)
    yield page
    context.close()


@pytest.fixture
def desktop(browser: Browser, house: House, complaints: Complaints) -> Iterator[Page]:
    """A screen of 1280 px whose owner reads English."""
    context = _context(browser, house, DESKTOP, "en-US")
    page = context.new_page()
    complaints.listen(page)
    yield page
    context.close()


@pytest.fixture
def no_script(browser: Browser, house: House) -> Iterator[Page]:
    """A phone without JavaScript."""
    context = browser.new_context(
        base_url=house.url, viewport=PHONE, locale="zh-CN", java_script_enabled=False
    )
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()
