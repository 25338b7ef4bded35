"""Where pictures are taken: one browser, people with their cookies, and looks by width, light and language."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.chromium import CHROMIUM, DESKTOP, FLAGS, PHONE
from tests.browser.palette import reduced

Prepare = Callable[[Page], object]
STILL = "*, *::before, *::after { animation: none !important; transition: none !important; }"
TALLEST = 2000
# A busy machine must not cost a picture.
PATIENCE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is looked at; `name` ends the picture's file name."""

    name: str
    wide: bool = False
    dark: bool = False
    english: bool = False


PHONE_LOOK = Look("390")
DESKTOP_LOOK = Look("1280", wide=True)
DARK = Look("390-dark", dark=True)
DARK_DESKTOP = Look("1280-dark", wide=True, dark=True)
ENGLISH = Look("390-en", english=True)
ENGLISH_DESKTOP = Look("1280-en", wide=True, english=True)
BOTH = (PHONE_LOOK, DESKTOP_LOOK)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was taken: its chapter, what it shows, its file."""

    chapter: str
    title: str
    file: str


class Studio:
    """Takes pictures of a running shop into a folder."""

    def __init__(self, url: str, folder: Path, *, only: str = "") -> None:
        self.url, self.folder = url, folder
        self.only = re.compile(only)
        self.pictures: list[Picture] = []
        self.staff: dict[str, BrowserContext] = {}
        self.chapter = ""
        expect.set_options(timeout=PATIENCE_MS)
        self._starter = sync_playwright()

    def __enter__(self) -> Self:
        self._playwright = self._starter.start()
        self.browser: Browser = self._playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(FLAGS)
        )
        self._desk = self.browser.new_page()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.browser.close()
        self._playwright.stop()

    def person(self, look: Look = PHONE_LOOK) -> BrowserContext:
        """Somebody with a browser of their own and no past."""
        return self._context(look)

    def _context(self, look: Look, past: BrowserContext | None = None) -> BrowserContext:
        context = self.browser.new_context(
            base_url=self.url,
            viewport=DESKTOP if look.wide else PHONE,
            locale="en-US" if look.english else "zh-CN",
            timezone_id="Asia/Shanghai",
            color_scheme="dark" if look.dark else "light",
            is_mobile=not look.wide,
            has_touch=not look.wide,
            storage_state=past.storage_state() if past else None,
        )
        if look.english:
            context.add_cookies([{"name": "qy_language", "value": "en", "url": self.url}])
        context.set_default_timeout(PATIENCE_MS)
        return context

    def take(
        self,
        name: str,
        title: str,
        path: str,
        *,
        by: BrowserContext | None = None,
        looks: Sequence[Look] = BOTH,
        prepare: Prepare | None = None,
        whole: bool = True,
    ) -> None:
        """Open a page as it looks to `by` and keep a picture of each look."""
        for look in looks:
            if not self.only.search(f"{name}-{look.name}"):
                continue
            context = self._context(look, by)
            page = context.new_page()
            page.goto(path)
            if prepare:
                prepare(page)
            self.keep(page, name, title, look, whole=whole)
            context.close()

    def keep(self, page: Page, name: str, title: str, look: Look, *, whole: bool = True) -> None:
        """Keep a picture of an open page: the whole of it up to a height, or what the window shows."""
        if not self.only.search(f"{name}-{look.name}"):
            return
        page.add_style_tag(content=STILL) if "/admin/" in page.url else None
        page.evaluate("() => document.fonts.ready")
        size = DESKTOP if look.wide else PHONE
        if whole:
            height = page.evaluate("() => document.documentElement.scrollHeight")
            tall = max(size["height"], min(height, TALLEST))
            page.set_viewport_size({"width": size["width"], "height": tall})
        page.wait_for_timeout(250)
        animations: Literal["disabled"] = "disabled"
        picture = reduced(self._desk, page.screenshot(animations=animations, caret="hide"))
        file = f"{name}-{look.name}.png"
        (self.folder / file).write_bytes(picture)
        self.pictures.append(Picture(self.chapter, title, file))
        page.set_viewport_size(size)
