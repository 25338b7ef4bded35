"""Finding products: tokens in SQL, filters and order over the snapshot."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models.functions import Length

from catalog.models import SearchToken
from catalog.offers import ChannelView, ProductPage
from catalog.queries import on_sale
from catalog.search.correct import nearest
from catalog.search.document import GRAM, PINYIN, WORD
from catalog.search.query import Term, Way, understand
from catalog.search.text import is_chinese, normalise, runs
from catalog.snapshot import current

MAX_FOUND = 2000
PAGE_SIZE = 24
SORTS = ("hot", "new", "price", "-price")


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows a list; empty means no narrowing. Prices in minor units, both ends included."""

    category: str = ""
    brand: str = ""
    tag: str = ""
    kind: str = ""
    lowest_minor: int | None = None
    highest_minor: int | None = None
    sort: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A page of products. `corrected` is the text searched instead, when nothing matched."""

    items: tuple[ProductPage, ...]
    total: int
    page: int
    pages: int
    corrected: str = ""
    brands: tuple[tuple[str, str, str], ...] = ()


def find(
    query: str,
    filters: Filters,
    *,
    channel: ChannelView,
    now: datetime,
    page: int = 1,
    level: int = 0,
) -> Found:
    """Products on sale that match; one statement for a query, none without one.

    When nothing matches, words are corrected against the shop's own vocabulary and Chinese runs
    may miss a character; `corrected` then names what was searched.
    """
    shelf = on_sale(channel, now, level=level)
    if not normalise(query):
        return _listed([(item, 0) for item in shelf], filters, page, "")
    scores = _scores(understand(query))
    corrected = ""
    if not scores:
        corrected, terms = _corrected(query)
        scores = _scores(terms) if terms else {}
    matched = [(item, scores[item.product_id]) for item in shelf if item.product_id in scores]
    mended = matched and corrected != normalise(query)
    return _listed(matched, filters, page, corrected if mended else "")


def suggest(
    query: str, *, channel: ChannelView, now: datetime, limit: int = 6
) -> tuple[ProductPage, ...]:
    """The first matches while someone is typing."""
    return find(query, Filters(), channel=channel, now=now).items[:limit]


def _listed(
    matched: Sequence[tuple[ProductPage, int]], filters: Filters, page: int, corrected: str
) -> Found:
    wide = [(item, score) for item, score in matched if _passes(item, replace(filters, brand=""))]
    brands = {item.brand_slug: (item.brand_slug, item.brand, item.brand_en) for item, _ in wide}
    kept = [
        (item, score)
        for item, score in wide
        if not filters.brand or item.brand_slug == filters.brand
    ]
    kept.sort(key=lambda pair: _rank(pair[0], pair[1], filters.sort))
    pages = max(1, -(-len(kept) // PAGE_SIZE))
    page = min(max(page, 1), pages)
    start = (page - 1) * PAGE_SIZE
    items = tuple(item for item, _ in kept[start : start + PAGE_SIZE])
    return Found(items, len(kept), page, pages, corrected, tuple(brands.values()))


def _passes(item: ProductPage, filters: Filters) -> bool:
    lead = item.lowest
    if lead is None:
        return False
    return (
        (not filters.category or item.category_slug == filters.category)
        and (not filters.brand or item.brand_slug == filters.brand)
        and (not filters.tag or any(tag.slug == filters.tag for tag in item.tags))
        and (not filters.kind or item.delivery_kind == filters.kind)
        and (
            (filters.lowest_minor is None and filters.highest_minor is None)
            or any(
                (filters.lowest_minor or 0) <= offer.unit_minor
                and (filters.highest_minor is None or offer.unit_minor <= filters.highest_minor)
                for offer in item.offers
            )
        )
    )


def _rank(item: ProductPage, score: int, sort: str) -> tuple[Any, ...]:
    lead = item.lowest
    price = lead.unit_minor if lead else 0
    tie = (item.position, item.product_id)
    hot = any(tag.slug == "hot" for tag in item.tags)
    if sort == "new":
        return (-item.created_at.timestamp(), *tie)
    if sort == "price":
        return (price, *tie)
    if sort == "-price":
        return (-price, *tie)
    if sort == "hot":
        return (-item.popularity, not hot, *tie)
    # As asked: the best match first, and among equals what can be had and what sells.
    return (-score, item.is_sold_out, -item.popularity, not hot, *tie)


def _scores(terms: Sequence[Term]) -> dict[int, int]:
    """Product key → score of those that match every term, in one statement."""
    if not terms:
        return {}
    parts: list[str] = []
    params: list[Any] = []
    for number, term in enumerate(terms):
        for way in term.ways:
            sql, values = _way(way)
            # Numbers and the two constant texts of _way; what was typed is a parameter.
            parts.append(f"select {number} as term, product_id, score from ({sql}) as way")  # noqa: S608
            params.extend(values)
    statement = (
        "select product_id, sum(score)::int from ("  # noqa: S608  constants; values are parameters
        "select term, product_id, max(score) as score from ("
        + " union all ".join(parts)
        + ") as ways group by term, product_id) as terms"
        " group by product_id having count(*) = %s order by 2 desc, 1 limit %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*params, len(terms), MAX_FOUND])
        return dict(cursor.fetchall())


def _way(way: Way) -> tuple[str, list[Any]]:
    if way.prefix:
        return (
            "select product_id, max(weight) * %s as score from catalog_searchtoken"
            " where token like %s and kind = %s group by product_id",
            [way.worth, way.tokens[0] + "%", way.kind],
        )
    return (
        "select product_id, sum(weight) * %s / %s as score from catalog_searchtoken"
        " where token = any(%s) and kind = %s group by product_id having count(*) = %s",
        [way.worth, len(way.tokens), list(way.tokens), way.kind, len(way.tokens)],
    )


def _corrected(query: str) -> tuple[str, tuple[Term, ...]]:
    """The query with mended words, and terms that forgive a wrong Chinese character."""
    words: list[str] = []
    terms: list[Term] = []
    for run in runs(normalise(query)):
        known = run if is_chinese(run) else (nearest(run, _vocabulary()) or run)
        words.append(known)
        terms.extend(_forgiving(known) if is_chinese(run) else understand(known))
    return " ".join(words), tuple(terms)


def _forgiving(run: str) -> tuple[Term, ...]:
    """Any one bigram of the run is enough; the more of them match, the higher the score."""
    (term,) = understand(run)
    grams = next(way.tokens for way in term.ways if way.kind == GRAM)
    ways = tuple(Way(GRAM, (gram,), prefix=False, worth=3) for gram in grams if len(gram) > 1)
    return (Term(run, ways + term.ways),)


def _vocabulary() -> list[str]:
    """Words and pinyin runs of the shop, read once for each version of the catalogue."""
    memo = current().memo
    if "vocabulary" not in memo:
        tokens = SearchToken.objects.filter(kind__in=(WORD, PINYIN)).annotate(size=Length("token"))
        long_enough = tokens.filter(size__gte=3, size__lte=16).order_by("token")
        memo["vocabulary"] = list(long_enough.values_list("token", flat=True).distinct()[:50_000])
    known: list[str] = memo["vocabulary"]
    return known
