"""Campaign pages: open between their dates, right to the second, apart by channel; previews for staff."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from catalog import page_cache, snapshot
from catalog.models import PageBlock
from catalog.preview import LASTS, preview_key
from catalog.queries import on_sale
from catalog.states import PageState
from core import clock
from tests.factories import catalog as make
from tests.factories.accounts import make_staff, make_user

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
At = Callable[[datetime], AbstractContextManager[None]]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    """Within, the shop's clock stands at that moment."""

    @contextmanager
    def stand(moment: datetime) -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.setattr(clock, "now", lambda: moment)
            yield

    return stand


def text(words: str, page: str = "sale", **values: object) -> PageBlock:
    return make.make_block("text", page=page, params={"html": f"<p>{words}</p>"}, **values)


def seen(path: str = "/page/sale/", **headers: str) -> str:
    return Client(headers=headers).get(path).content.decode()


def test_blocks_come_and_go_to_the_second_on_kept_pages(at: At, now: datetime) -> None:
    text("Always")
    text("Dated", starts_at=now + HOUR, ends_at=now + 2 * HOUR)
    for moment, shows in (
        (now, False), (now + HOUR - SECOND, False), (now + HOUR, True), (now + HOUR + SECOND, True),
        (now + 2 * HOUR - SECOND, True), (now + 2 * HOUR, False),
    ):  # fmt: skip
        with at(moment):
            for _ in range(2):
                assert ("Dated" in seen()) is shows, moment


def test_a_page_opens_and_closes_to_the_second(at: At, now: datetime) -> None:
    make.make_page("sale", starts_at=now + HOUR, ends_at=now + 2 * HOUR)
    text("Here")
    for moment, status in (
        (now, 404), (now + HOUR - SECOND, 404), (now + HOUR, 200), (now + 2 * HOUR - SECOND, 200),
        (now + 2 * HOUR, 410),
    ):  # fmt: skip
        with at(moment):
            for _ in range(2):
                assert Client().get("/page/sale/").status_code == status, moment


def test_a_countdown_says_at_zero_what_it_was_told(at: At, now: datetime) -> None:
    text("Here")
    until = (now + HOUR).isoformat()
    make.make_block(
        "countdown", page="sale", title="倒数", params={"until": until, "after": "已结束"}
    )
    make.make_block("countdown", page="sale", title="无言", params={"until": until})
    with at(now + HOUR - SECOND):
        page = seen()
        assert page.count('data-until="reload"') == 2
        assert "已结束" not in page
    with at(now + HOUR):
        page = seen()
        assert "data-until" not in page
        assert "已结束" in page
        assert "无言" not in page


def test_without_script_a_countdown_is_a_date(at: At, now: datetime) -> None:
    make.make_block("countdown", page="sale", params={"until": "2026-12-01T00:00:00+08:00"})
    with at(now):
        assert re.search(r"<time [^>]*>2026-12-01 00:00</time>", seen())


def test_a_warm_campaign_page_costs_no_statement(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    make.make_sku(kind="topup")
    make.make_block("rail", page="sale", title="都在买", params={"source": "hot"})
    make.make_block("viewed", page="sale")
    assert "都在买" in seen()
    with django_assert_num_queries(0):
        seen()
        page_cache.forget()
        seen()


def test_channels_have_pages_of_their_own() -> None:
    corner = make.make_channel("corner", path_prefix="s/corner")
    text("Main only")
    text("Corner only", channel=corner)
    make.make_page("mine", channel=corner)
    text("Mine", page="mine", channel=corner)
    assert "Main only" in seen()
    assert "Corner only" not in seen()
    assert "Corner only" in seen("/s/corner/page/sale/")
    assert "Main only" not in seen("/s/corner/page/sale/")
    assert Client().get("/page/mine/").status_code == 404
    assert "Mine" in seen("/s/corner/page/mine/")


def test_a_campaign_has_a_shorter_address_where_no_category_has_it() -> None:
    text("Here")
    make.make_page("later", state=PageState.DRAFT)
    answer = Client().get("/c/sale/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/page/sale/")
    assert Client().get("/c/later/").status_code == 404
    assert Client().get("/c/nobody/").status_code == 404


def test_the_head_says_what_it_is() -> None:
    make.make_page(
        "sale", title="大促", title_en="Sale", hue=285, description="全场", description_en="<b>All"
    )
    text("Here")
    page = seen(**{"accept-language": "en"})
    assert "<title>Sale · " in page
    assert '<meta name="description" content="&lt;b&gt;All">' in page
    assert 'class="cover hue-285"' in page
    assert '/page/sale/">' in page[page.index('rel="canonical"') :][:80]
    assert "/page/sale/</loc>" in seen("/sitemap.xml")
    assert page.count("<h1") == 1


def look(who: User, key: str, path: str = "/page/sale/preview/", **query: str) -> Any:
    client = Client(headers={"accept-language": "en"})
    client.force_login(who)
    return client.get(path, {"key": key, **query})


def key_for(who: User, page: str = "sale") -> str:
    row = make.make_page(page)
    return preview_key(page=row.public_id, by=who.public_id, now=clock.now())


def test_a_draft_is_seen_by_staff_with_a_key_and_by_nobody_else() -> None:
    make.make_page("sale", state=PageState.DRAFT)
    text("Secret plan")
    staff, other, shopper = make_staff("operator"), make_staff("operator"), make_user()
    key = key_for(staff)
    answer = look(staff, key)
    assert answer.status_code == 200
    assert "Secret plan" in answer.content.decode()
    assert "Preview as of" in answer.content.decode()
    assert "Visitors do not see this page then." in answer.content.decode()
    assert Client().get("/page/sale/").status_code == 404
    for who, said in (
        (other, key),
        (staff, ""),
        (staff, key[:-1] + "x"),
        (staff, key_for(staff, "b")),
    ):
        refused = look(who, said)
        assert refused.status_code in (403, 404)
        assert "Secret plan" not in refused.content.decode()
    for answer in (look(shopper, key), Client().get("/page/sale/preview/", {"key": key})):
        assert answer.status_code == 302
        assert "login" in answer.headers["Location"]


def test_a_key_ends(at: At) -> None:
    text("Here")
    staff, now = make_staff("operator"), clock.now()
    key = key_for(staff)
    with at(now + LASTS - 10 * SECOND):
        assert look(staff, key).status_code == 200
    with at(now + LASTS + 10 * SECOND):
        assert look(staff, key).status_code == 403


def test_a_preview_is_kept_nowhere() -> None:
    text("Tomorrow", starts_at=clock.now() + HOUR)
    staff = make_staff("operator")
    page_cache.forget()
    answer = look(staff, key_for(staff), at=(clock.now() + 2 * HOUR).isoformat())
    assert "Tomorrow" in answer.content.decode()
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert page_cache._pages == {}


def test_a_look_at_tomorrow_changes_no_price_of_today(at: At) -> None:
    """What is remembered says until when it holds: a preview must not be remembered."""
    now = clock.now()
    sku = make.make_sku(price_minor=9850, cost_minor=100)
    make.make_price(sku, 5000, starts_at=now + HOUR)
    make.make_block("rail", page="sale", params={"source": "all"})
    staff = make_staff("operator")
    tomorrow = look(staff, key_for(staff), at=(now + 2 * HOUR).isoformat())
    assert "¥50.00" in tomorrow.content.decode()
    assert "¥98.50" in seen()
    channel = make.channel()

    def today() -> list[int]:
        return [page.lowest.unit_minor for page in on_sale(channel, now) if page.lowest]

    with snapshot.aside():
        on_sale(channel, now + 2 * HOUR)
    assert today() == [9850]
    # The control: the same look without standing aside sells today at tomorrow's price.
    snapshot.current().memo.clear()
    on_sale(channel, now + 2 * HOUR)
    assert today() == [5000]


def test_a_preview_is_of_a_channel_and_a_moment_in_the_shop_s_own_time(now: datetime) -> None:
    make.make_channel("corner")
    text("New year", starts_at=datetime.fromisoformat("2027-01-01T00:00:00+08:00"))
    staff = make_staff("operator")
    key = key_for(staff)
    before = look(staff, key, at="2026-12-31T23:59", channel="corner").content.decode()
    after = look(staff, key, at="2027-01-01T00:00", channel="corner").content.decode()
    assert "New year" not in before
    assert "New year" in after
    assert '<option value="corner" selected>' in after
    assert 'value="2027-01-01T00:00"' in after
    for odd in ("x", "9999-12-31T23:59", "0001-01-01T00:00", "2027-99-99T00:00"):
        assert look(staff, key, at=odd).status_code == 200


def test_the_back_office_hands_out_the_key() -> None:
    row = make.make_page("sale", state=PageState.DRAFT)
    text("Here")
    client = Client()
    client.force_login(make_staff("operator"))
    answer = client.get(reverse("admin:catalog_page_preview", args=[row.pk]), follow=True)
    assert "Here" in answer.content.decode()
