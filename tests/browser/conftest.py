"""A real chromium against a whole shop. Whatever the page complains about fails the test."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from tests.browser import acts
from tests.browser.chromium import CHROMIUM, DESKTOP, FLAGS, PHONE
from tests.browser.people import Office, Opener, Staff
from tests.faults.stage import stop_parts
from tests.house import PARTS, House

# A wait ends as soon as what it waits for is there; a busy machine must not make a test fail.
expect.set_options(timeout=30_000)


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


def _leaves() -> None:
    """The demo leaves nothing behind but rows."""


@pytest.fixture
def shop(_house: House) -> House:
    """The whole shop with the demo's goods, codes, supplier and people; shared, so tests buy and do not break.

    Tests of other folders may have emptied it in between; then it is filled again, and its programs
    are started anew, so that none of them remembers the rows before.
    """
    if _house.guest_leaves is not _leaves or not all(_house.is_up(part) for part in PARTS):
        stop_parts(_house)
        _house.empty()
        _house.manage("seed_demo")
        _house.guest_leaves = _leaves
    return _house


@pytest.fixture
def staff(shop: House) -> Staff:
    """The demo's staff by their roles."""
    return Staff.of(shop)


@pytest.fixture
def opener(browser: Browser, shop: House, complaints: Complaints) -> Iterator[Opener]:
    """Opens pages as a person of a size and a language; more than one may look at once."""
    contexts: list[BrowserContext] = []

    def open_page(size: ViewportSize = PHONE, language: str = "zh-CN", **options: Any) -> Page:
        context = browser.new_context(
            base_url=shop.url,
            viewport=size,
            locale=language,
            timezone_id="Asia/Shanghai",
            is_mobile=size is PHONE,
            has_touch=size is PHONE,
            **options,
        )
        contexts.append(context)
        context.set_default_timeout(60_000)
        page = context.new_page()
        complaints.listen(page)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Collects complaints; the test may clear what it provoked on purpose."""
    found = Complaints()
    yield found
    assert found == []


@pytest.fixture
def phone(opener: Opener) -> Page:
    """A phone of 390 px whose owner reads Chinese."""
    return opener()


@pytest.fixture
def desktop(opener: Opener) -> Page:
    """A screen of 1280 px whose owner reads English."""
    return opener(DESKTOP, "en-US")


@pytest.fixture
def no_script(opener: Opener) -> Page:
    """A phone without JavaScript."""
    return opener(java_script_enabled=False)


@pytest.fixture
def office(opener: Opener, staff: Staff) -> Office:
    """A page of the back office for somebody of a role; who signed in once stays signed in."""

    def enter(role: str) -> Page:
        kept = staff.kept(role)
        if kept is not None:
            page = opener(DESKTOP, storage_state=str(kept))
        else:
            page = opener(DESKTOP)
            acts.sign_in(page, staff.mail(role), staff.password, staff.code())
            page.context.storage_state(path=str(staff.keep(role)))
        page.goto("/admin/")
        return page

    return enter
