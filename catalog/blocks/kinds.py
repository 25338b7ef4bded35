"""The catalogue's own kinds of page blocks."""

from collections.abc import Mapping
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from catalog.blocks.base import BLOCK_KINDS, BlockKind, Moment
from catalog.faces import offer_face, product_card
from catalog.offers import ProductPage
from catalog.queries import categories, offer, on_sale
from catalog.richtext import sanitize

MAX_ITEMS = 24
SOURCES = ("hot", "new", "tag", "category", "handpicked", "all")


def register() -> None:
    """Fill the socket; called once when the app is ready."""
    kinds = {
        "hero": BlockKind(
            _("Opening with cards"), "catalog/blocks/_hero.html", _hero,
            example='{"text": "…", "text_en": "…", "skus": ["JD-E-100"]}',
        ),
        "banner": BlockKind(
            _("Banner"), "catalog/blocks/_banner.html", _banner, _wrong_link,
            example='{"text": "…", "text_en": "…", "link": "/c/video/", "hue": 25}',
        ),
        "categories": BlockKind(_("Category chips"), "catalog/blocks/_categories.html", _categories),
        "rail": BlockKind(
            _("Product rail"), "catalog/blocks/_rail.html", _rail, _wrong_rail,
            example='{"source": "hot | new | all | tag | category | handpicked", "slug": "…",'
            ' "products": ["…"], "limit": 8}',
        ),
        "text": BlockKind(
            _("Rich text"), "catalog/blocks/_text.html", _text, example='{"html": "<p>…</p>", "html_en": "<p>…</p>"}'
        ),
        "countdown": BlockKind(
            _("Countdown"), "catalog/blocks/_countdown.html", _countdown, _wrong_countdown,
            example='{"until": "2026-12-01T00:00:00+08:00", "text": "…", "text_en": "…", "link": "/c/video/"}',
        ),
    }  # fmt: skip
    for key, kind in kinds.items():
        BLOCK_KINDS.register(key, kind)


def in_language(params: Mapping[str, Any], name: str, language: str) -> str:
    """A text of the settings in the reader's language, the other one when it is missing."""
    own, other = (f"{name}_en", name) if language.startswith("en") else (name, f"{name}_en")
    return str(params.get(own) or params.get(other) or "")


def _hero(params: Mapping[str, Any], at: Moment) -> Mapping[str, Any]:
    found = [offer(str(code), at.channel, at.now) for code in list(params.get("skus", ()))[:3]]
    faces = [offer_face(one, at.language) for one in found if one is not None]
    return {"text": in_language(params, "text", at.language), "faces": faces}


def _banner(params: Mapping[str, Any], at: Moment) -> Mapping[str, Any]:
    hue = params.get("hue")
    return {
        "text": in_language(params, "text", at.language),
        "link": params.get("link") if not _wrong_link(params) else "",
        "hue": hue % 360 // 5 * 5 if isinstance(hue, int) else None,
    }


def _categories(params: Mapping[str, Any], at: Moment) -> Mapping[str, Any] | None:
    filled = {page.category_slug for page in on_sale(at.channel, at.now)}
    rows = [row for row in categories() if row.slug in filled]
    english = at.language.startswith("en")
    chips = [{"slug": row.slug, "name": row.name_en if english else row.name} for row in rows]
    return {"chips": chips} if chips else None


def _rail(params: Mapping[str, Any], at: Moment) -> Mapping[str, Any] | None:
    limit = params.get("limit", 8)
    limit = limit if isinstance(limit, int) and 1 <= limit <= MAX_ITEMS else 8
    pages = _chosen(params, at)[:limit]
    source, slug = params.get("source"), str(params.get("slug", ""))
    return {
        "cards": [product_card(page, at.language) for page in pages],
        "category": slug if source == "category" else "",
        "query": {"hot": "sort=hot", "new": "sort=new", "tag": f"tag={slug}"}.get(str(source), ""),
    } if pages else None  # fmt: skip


def _chosen(params: Mapping[str, Any], at: Moment) -> list[ProductPage]:
    source, slug = params.get("source", "hot"), params.get("slug", "")
    shelf = on_sale(at.channel, at.now)
    if source == "handpicked":
        by_slug = {page.slug: page for page in shelf}
        return [by_slug[one] for one in params.get("products", ()) if one in by_slug]
    if source == "category":
        return [page for page in shelf if page.category_slug == slug]
    if source == "tag":
        return [page for page in shelf if _has_tag(page, str(slug))]
    if source == "new":
        fresh = [page for page in shelf if _has_tag(page, "new")]
        return fresh or sorted(shelf, key=lambda page: -page.created_at.timestamp())
    if source == "hot":
        liked = sorted(
            shelf, key=lambda page: (-page.popularity, not _has_tag(page, "hot"), page.position)
        )
        return _spread([page for page in liked if not page.is_sold_out])
    return list(shelf)


def _spread(pages: list[ProductPage]) -> list[ProductPage]:
    """The same order, but the categories take turns, so that a rail shows the breadth of the shop."""
    queues: dict[str, list[ProductPage]] = {}
    for page in pages:
        queues.setdefault(page.category_slug, []).append(page)
    turns = [
        (turn, place) for place, queue in enumerate(queues.values()) for turn in range(len(queue))
    ]
    ordered = list(queues.values())
    return [ordered[place][turn] for turn, place in sorted(turns)]


def _has_tag(page: ProductPage, slug: str) -> bool:
    return any(tag.slug == slug for tag in page.tags)


def _text(params: Mapping[str, Any], at: Moment) -> Mapping[str, Any]:
    return {"html": sanitize(in_language(params, "html", at.language))}


def _countdown(params: Mapping[str, Any], at: Moment) -> Mapping[str, Any] | None:
    until = parse_datetime(str(params.get("until", "")))
    if until is None or until.tzinfo is None or until <= at.now:
        return None
    return {
        "until": until,
        "text": in_language(params, "text", at.language),
        "link": params.get("link") if not _wrong_link(params) else "",
    }


def _wrong_link(params: Mapping[str, Any]) -> str:
    link = str(params.get("link", "") or "/")
    right = link.startswith("/") and not link.startswith("//") and "\\" not in link
    return "" if right else gettext("link leads to a page of the shop and starts with one slash.")


def _wrong_rail(params: Mapping[str, Any]) -> str:
    source = params.get("source")
    if source not in SOURCES:
        return gettext("source is one of: %(names)s.") % {"names": ", ".join(SOURCES)}
    if source in ("tag", "category") and not params.get("slug"):
        return gettext("slug is missing.")
    if source == "handpicked" and not isinstance(params.get("products"), list):
        return gettext("products is a list of addresses.")
    return ""


def _wrong_countdown(params: Mapping[str, Any]) -> str:
    until = parse_datetime(str(params.get("until", "")))
    if until is None or until.tzinfo is None:
        return gettext("until is a moment with its time zone, such as 2026-12-01T00:00:00+08:00.")
    return _wrong_link(params)
