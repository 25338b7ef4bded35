"""The screen of a page: blocks are added, edited, ordered both ways, copied, removed; every act leaves a trace."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from catalog.models import Page, PageBlock
from catalog.services.save_block import MOST_BLOCKS
from catalog.states import PageState
from core.models import AuditEntry
from tests.catalog.admin.test_admin import fields_of, signed_in
from tests.factories import catalog as make

pytestmark = pytest.mark.django_db
HTML = {"set-html": "<p>Hello</p>"}


@pytest.fixture
def operator() -> Client:
    return signed_in("operator")


@pytest.fixture
def page() -> Page:
    return make.make_page("sale", state=PageState.DRAFT)


def url(page: Page, name: str = "", *args: str) -> str:
    return reverse(f"admin:catalog_page_{name or 'change'}", args=[page.pk, *args])


def blocks(page: Page, *names: str) -> list[PageBlock]:
    return [
        make.make_block("text", page=page.slug, title=name, position=0, params={"html": "<p>x</p>"})
        for name in names
    ]


def order(page: Page) -> str:
    return "".join(page.blocks.order_by("position", "id").values_list("title", flat=True))


def test_a_page_is_made_filled_and_set_live(operator: Client) -> None:
    make.base()
    add = reverse("admin:catalog_page_add")
    channel = make.base().pk
    data = {"title": "Sale", "slug": "sale", "channel": channel, "hue": "25"}
    assert operator.post(add, data).status_code == 302
    page = Page.objects.get()
    assert page.state == "draft"
    assert "Nothing would show" in operator.post(url(page, "open")).content.decode()
    assert operator.get(url(page) + "?add=text").status_code == 200
    assert (
        operator.post(url(page, "add_block", "text"), {"is_visible": "on", **HTML}).status_code
        == 302
    )
    assert operator.post(url(page, "open")).status_code == 302
    assert "Hello" in Client().get("/page/sale/").content.decode()
    assert operator.post(url(page, "shut")).status_code == 302
    assert Client().get("/page/sale/").status_code == 404
    changed = [
        entry.after for entry in AuditEntry.objects.filter(tag="catalogue:edited").order_by("pk")
    ]
    assert [min(one or ()) for one in changed[-3:]] == ["block", "state", "state"]
    assert {entry.by[:9] for entry in AuditEntry.objects.filter(tag="catalogue:edited")} == {
        "user:usr_"
    }


def test_buttons_move_one_place_and_the_hand_stays_where_it_was(
    operator: Client, page: Page
) -> None:
    a, _b, c = blocks(page, "A", "B", "C")
    moved = operator.post(url(page, "place_block", c.public_id), {"way": "up", "to": ""})
    assert order(page) == "ACB"
    assert moved.headers["Location"].endswith(f"?moved={c.public_id}&way=up&place=2")
    screen = operator.get(moved.headers["Location"]).content.decode()
    assert screen.count("autofocus") == 1
    operator.post(url(page, "place_block", a.public_id), {"way": "up"})
    assert order(page) == "ACB"
    operator.post(url(page, "place_block", a.public_id), {"way": "down"})
    assert order(page) == "CAB"


def test_dragging_puts_a_block_at_a_place(operator: Client, page: Page) -> None:
    a, _b, _c = blocks(page, "A", "B", "C")
    for to, expected in (
        ("2", "BCA"),
        ("0", "ABC"),
        ("99", "BCA"),
        ("-1", "BCA"),
        ("x", "BCA"),
        ("1", "BAC"),
    ):
        operator.post(url(page, "place_block", a.public_id), {"to": to})
        assert order(page) == expected, to
    trail = AuditEntry.objects.filter(tag="catalogue:edited", subject=f"page:{page.public_id}")
    assert trail.count() == 4


def test_bad_settings_are_refused_with_what_was_written(operator: Client, page: Page) -> None:
    for kind, data, said in (
        ("countdown", {}, "This field is required."),
        ("countdown", {"set-until": "soon"}, "This is no moment."),
        ("banner", {"set-link": "https://evil.example"}, "starts with one slash"),
        ("rail", {"set-source": "tag", "set-slug": "nobody"}, "There is none called"),
        (
            "text",
            {**HTML, "starts_at": "2026-12-02T00:00", "ends_at": "2026-12-01T00:00"},
            "It ends before it begins.",
        ),
        ("text", {**HTML, "title": "T" * 61}, "at most 60"),
    ):
        answer = operator.post(url(page, "add_block", kind), {"title": "Kept words", **data})
        screen = answer.content.decode()
        assert answer.status_code == 200
        assert said in screen, (kind, data)
        assert "title" in data or "Kept words" in screen
    assert operator.post(url(page, "add_block", "nothing"), {}).status_code == 404
    assert not page.blocks.exists()


def test_a_block_is_edited_in_its_place(operator: Client, page: Page) -> None:
    (row,) = blocks(page, "A")
    screen = operator.get(url(page) + f"?block={row.public_id}").content.decode()
    assert 'name="set-html"' in screen
    data = {
        "title": "New", "is_visible": "on", "set-html": "<p>New</p>",
        "starts_at": "2026-12-01T00:00", "ends_at": "2026-12-02T00:00",
    }  # fmt: skip
    assert operator.post(url(page, "save_block", row.public_id), data).status_code == 302
    row.refresh_from_db()
    assert (row.title, row.params) == ("New", {"html": "<p>New</p>"})
    assert row.starts_at is not None
    assert row.starts_at.isoformat() == "2026-11-30T16:00:00+00:00"
    again = operator.get(url(page) + f"?block={row.public_id}").content.decode()
    assert 'value="2026-12-01T00:00"' in again


def test_copies_are_hidden_or_drafts(operator: Client, page: Page) -> None:
    a, _b = blocks(page, "A", "B")
    operator.post(url(page, "copy_block", a.public_id))
    assert order(page) == "AAB"
    assert list(page.blocks.order_by("position").values_list("is_visible", flat=True)) == [
        True,
        False,
        True,
    ]
    corner = make.make_channel("corner")
    asked = {"slug": "Sale", "channel": corner.pk}
    assert operator.post(url(page, "copy"), asked).status_code == 302
    made = Page.objects.get(channel=corner)
    assert (made.slug, made.state, made.blocks.count()) == ("sale", "draft", 3)
    assert not set(made.blocks.values_list("public_id", flat=True)) & set(
        page.blocks.values_list("public_id", flat=True)
    )
    assert "already" in operator.post(url(page, "copy"), asked).content.decode()


def test_a_block_is_removed_after_a_question(operator: Client, page: Page) -> None:
    a, _b = blocks(page, "A", "B")
    assert "Remove “A”" in operator.get(url(page, "remove_block", a.public_id)).content.decode()
    assert order(page) == "AB"
    operator.post(url(page, "remove_block", a.public_id))
    assert order(page) == "B"
    assert AuditEntry.objects.filter(after__removed=a.public_id).exists()


def test_blocks_of_another_page_are_not_touched(operator: Client, page: Page) -> None:
    (row,) = blocks(make.make_page("other"), "A")
    for name in ("save_block", "place_block", "copy_block", "remove_block"):
        answer = operator.post(url(page, name, row.public_id), {"way": "up", **HTML})
        assert answer.status_code == 404, name
    row.refresh_from_db()
    assert row.title == "A"


def test_a_page_is_not_endless(operator: Client, page: Page) -> None:
    blocks(page, *["x"] * MOST_BLOCKS)
    answer = operator.post(url(page, "add_block", "text"), {"is_visible": "on", **HTML})
    assert "at most 40 blocks" in answer.content.decode()
    assert page.blocks.count() == MOST_BLOCKS


def test_what_looking_alone_may_do(page: Page) -> None:
    (row,) = blocks(page, "A")
    auditor = signed_in("auditor")
    screen = auditor.get(url(page) + f"?block={row.public_id}&add=text").content.decode()
    assert "page-tool" not in screen
    assert 'name="set-html"' not in screen
    for name, *args in (
        ("open",), ("shut",), ("copy",), ("add_block", "text"), ("save_block", row.public_id),
        ("place_block", row.public_id), ("copy_block", row.public_id), ("remove_block", row.public_id),
    ):  # fmt: skip
        assert auditor.post(url(page, name, *args), {"way": "up", **HTML}).status_code == 403, name
    assert auditor.get(url(page, "preview")).status_code == 302


def test_the_home_page_stays_open_and_where_it_is(operator: Client) -> None:
    home = make.make_page("home")
    blocks(home, "A")
    change = url(home)
    for wrong in ({"slug": "house"}, {"starts_at_0": "2026-12-01", "starts_at_1": "00:00"}):
        assert operator.post(change, fields_of(operator, change, **wrong)).status_code == 200
    assert "always open" in operator.post(url(home, "shut")).content.decode()
    assert (
        operator.post(
            reverse("admin:catalog_page_delete", args=[home.pk]), {"post": "yes"}
        ).status_code
        == 403
    )
    home.refresh_from_db()
    assert (home.slug, home.state, home.starts_at) == ("home", "live", None)


def test_marks_say_what_shows_now(operator: Client, page: Page) -> None:
    from datetime import timedelta

    from core import clock

    now, day = clock.now(), timedelta(days=1)
    values: tuple[dict[str, Any], ...] = (
        {}, {"starts_at": now + day}, {"ends_at": now - day}, {"is_visible": False},
    )  # fmt: skip
    for value in values:
        make.make_block("text", page="sale", params={"html": "<p>x</p>"}, **value)
    make.make_block("rail", page="sale", params={"source": "brand", "slug": "nobody"})
    make.make_block("gone_kind", page="sale")
    lines = operator.get(url(page)).context["lines"]
    assert [line.mark.word for line in lines] == [
        "Live", "Soon", "Over", "Hidden", "Nothing to show", "Unknown kind",
    ]  # fmt: skip


def test_bad_pages_are_refused(operator: Client, page: Page) -> None:
    change = url(page)
    for wrong in (
        {"hue": "7"}, {"hue": "400"}, {"slug": "a b"}, {"slug": "home"}, {"title": ""},
        {"starts_at_0": "2026-12-02", "starts_at_1": "00:00", "ends_at_0": "2026-12-01", "ends_at_1": "00:00"},
    ):  # fmt: skip
        assert operator.post(change, fields_of(operator, change, **wrong)).status_code == 200, wrong
    assert operator.post(change, fields_of(operator, change, title="New")).status_code == 302
    page.refresh_from_db()
    assert page.title == "New"
