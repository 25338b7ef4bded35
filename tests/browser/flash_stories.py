"""A flash sale in pictures: before it, in it, in line, too late; and its desk."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from playwright.sync_api import BrowserContext, Page, expect

from catalog.models import Sku
from core import clock
from core.turns import take_turn
from demo.flash import SLUG
from orders.models import FlashSale
from orders.services.flash.admit_flash import ALWAYS, PER_UNIT
from orders.services.flash.run_flash import advance_flashes, cut_flash
from tests.browser.stories import enter_office
from tests.browser.studio import (
    BOTH,
    DARK,
    DARK_DESKTOP,
    DESKTOP_LOOK,
    ENGLISH,
    PHONE_LOOK,
    Studio,
)
from tests.factories.flash import order_flash

WAITERS = 15
CONTACT = "line@example.com"
T = TypeVar("T")


def flash_sales(studio: Studio) -> None:
    """What a buyer sees of a sale at each of its hours, then what an operator does."""
    studio.chapter = "Flash sales"
    rush = _aside(_set_up)
    studio.take(
        "flash-sales", "What runs and what comes", "/flash/", looks=(PHONE_LOOK, DARK_DESKTOP)
    )
    studio.take("flash", "A sale", f"/flash/{SLUG}/", looks=(*BOTH, DARK, ENGLISH))
    studio.take("flash-soon", "Before it opens", "/flash/tonight-flash/", looks=(PHONE_LOOK,))
    _storm(studio, rush)
    _office(studio, enter_office(studio, "operator"))


def _aside(work: Callable[[], T]) -> T:
    """In a thread of its own: the browser's keeps an event loop, which the database refuses."""
    with ThreadPoolExecutor(1) as hand:
        return hand.submit(work).result()


def _set_up() -> FlashSale:
    """One sale to come, and one with a single card; returns that one."""
    now = clock.now()
    _sale(
        "tonight-flash", now, name="今晚秒杀", name_en="Tonight", starts_at=now + timedelta(hours=3)
    )
    return _sale(
        "last-card-flash", now, name="最后一张卡", name_en="The last card", units=1,
        admit_per_second=1,
    )  # fmt: skip


def _sale(slug: str, now: datetime, **more: object) -> FlashSale:
    """A sale of the demo's own card, cut and started when its moment has come."""
    model = FlashSale.objects.get(slug=SLUG)
    told = {
        "sku": Sku.objects.get(pk=model.sku_id), "price_minor": model.price_minor, "units": 5,
        "starts_at": now, "ends_at": now + timedelta(hours=6), "hold_seconds": 600,
        "state_at": now, "created_at": now, "created_by": "system",
    }  # fmt: skip
    sale = FlashSale.objects.create(slug=slug, **{**told, **more})
    cut_flash(sale=sale.public_id, by="system", now=now)
    advance_flashes(now=now)
    sale.refresh_from_db()
    return sale


def _storm(studio: Studio, sale: FlashSale) -> None:
    """Everybody opened the page while a unit was left."""
    looks = (PHONE_LOOK, DARK)
    came = {
        (word, look): _opened(studio.person(look), sale)
        for word in ("wait", "full", "gone")
        for look in looks
    }
    _aside(partial(_stand_in_line, sale, WAITERS))
    titles = {"wait": "In line", "full": "The line is full", "gone": "Taken, not paid for yet"}
    for word, title in titles.items():
        for look in looks:
            page = came[word, look]
            page.locator("#buy button[type=submit]").click()
            shown = "form[data-turn]" if word == "wait" else "[data-phase]"
            expect(page.locator(shown)).to_be_visible()
            studio.keep(page, f"flash-{word}", title, look)
        if word == "wait":
            _aside(partial(_stand_in_line, sale, PER_UNIT + ALWAYS))
        if word == "full":
            _aside(partial(order_flash, sale, "quick@example.com"))
    studio.take("flash-back", "May come back", f"/flash/{sale.slug}/", looks=(PHONE_LOOK,))


def _opened(person: BrowserContext, sale: FlashSale) -> Page:
    page = person.new_page()
    page.goto(f"/flash/{sale.slug}/")
    page.locator("[name=contact]").fill(CONTACT)
    page.locator("[name=consent]").check()
    return page


def _stand_in_line(sale: FlashSale, people: int) -> None:
    for _ in range(people):
        take_turn(sale.public_id, per_second=1, now=clock.now())


def _office(studio: Studio, operator: BrowserContext) -> None:
    desk = (DESKTOP_LOOK,)
    list_of = "/admin/orders/flashsale/"
    studio.take("office-flash-sales", "Flash sales", list_of, by=operator, looks=desk)
    live = _aside(partial(FlashSale.objects.get, slug=SLUG))
    studio.take(
        "office-flash",
        "A sale and its board",
        f"{list_of}{live.pk}/change/",
        by=operator,
        looks=desk,
    )
    studio.take("office-flash-new", "Set one up", f"{list_of}add/", by=operator, looks=desk)
