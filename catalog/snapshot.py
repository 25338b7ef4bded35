"""The whole catalogue as plain values in this process, loaded again when its version moves.

A load is one statement for each table whatever the size; a warm read is none. At 10,000 products with 30,000
SKUs a load takes about a second and happens in one thread, once for each change that an operator
makes or a threshold that stock crosses, never per sale.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.days import next_midnight
from accounts.models import MemberLevel
from catalog.blocks.base import BLOCK_KINDS
from catalog.bundles.values import Bundle, Group, Part
from catalog.inputs import InputSpec
from catalog.models import (
    Brand,
    BundlePart,
    Category,
    Channel,
    ChannelShelf,
    InputField,
    LevelPrice,
    Page,
    PageBlock,
    Price,
    PriceList,
    Product,
    ProductType,
    Sku,
    Tag,
)
from catalog.offers import ChannelView, TagView
from catalog.pricing import DatedPrice, LevelTerms
from catalog.states import PageState
from core.cache import Versioned, bump, forget_versions, version

NAME = "catalog"
MAX_CHAIN = 8


@dataclass(frozen=True, slots=True)
class PageRow:
    """A page as stored; `is_open` says whether visitors may see it."""

    id: int
    public_id: str
    channel_id: int
    slug: str
    title: str
    title_en: str
    description: str
    description_en: str
    hue: int | None
    state: str
    starts_at: datetime | None
    ends_at: datetime | None

    def is_open(self, now: datetime) -> bool:
        return self.state == PageState.LIVE and is_between(now, self.starts_at, self.ends_at)

    def is_over(self, now: datetime) -> bool:
        """It was open once: its time has passed."""
        return self.state == PageState.LIVE and self.ends_at is not None and now >= self.ends_at


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A page block as stored."""

    public_id: str
    page_id: int
    kind: str
    title: str
    title_en: str
    params: dict[str, Any]
    is_visible: bool
    starts_at: datetime | None
    ends_at: datetime | None

    def shows(self, now: datetime) -> bool:
        return self.is_visible and is_between(now, self.starts_at, self.ends_at)


@dataclass(frozen=True, slots=True)
class LevelRow:
    """A level price as stored: its terms, without the prices of its list, which differ by SKU."""

    terms: LevelTerms
    channel_id: int | None
    price_list_id: int | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Rows by key. Nothing here depends on the moment or on who asks."""

    version: int
    channels: dict[int, ChannelView]
    default_channel: ChannelView | None
    hosts: dict[str, ChannelView]
    prefixes: tuple[tuple[str, ChannelView], ...]
    categories: dict[int, Any]
    brands: dict[int, Any]
    tags: dict[int, TagView]
    types: dict[int, Any]
    inputs: dict[int, tuple[InputSpec, ...]]
    products: dict[int, Any]
    product_ids_by_slug: dict[str, int]
    product_tags: dict[int, tuple[int, ...]]
    skus: dict[int, Any]
    sku_ids_by_code: dict[str, int]
    skus_of: dict[int, tuple[int, ...]]
    prices: dict[int, tuple[tuple[int, DatedPrice], ...]]
    # By the channel's key and the address.
    pages: dict[tuple[int, str], PageRow]
    # By the key of the page, in their order.
    blocks: dict[int, tuple[BlockRow, ...]]
    # Availability where a channel's differs, by SKU and channel's code.
    shelves: dict[tuple[int, str], str]
    bundles: dict[int, Bundle]
    level_rows: tuple[LevelRow, ...]
    # How long before everybody else members from a level up may buy, the lowest level first.
    early: tuple[tuple[int, timedelta], ...]
    # Every moment at which a date in the catalogue changes what is shown, in order.
    edges: tuple[datetime, ...]
    # Answers that stay right until their moment; filled by queries, dropped with the snapshot.
    memo: dict[Any, Any] = field(default_factory=dict)

    def next_edge(self, now: datetime) -> datetime | None:
        """The next moment at which something changes by date alone."""
        place = bisect_right(self.edges, now)
        edge = self.edges[place] if place < len(self.edges) else None
        if not any(row.terms.day for row in self.level_rows):
            return edge
        midnight = next_midnight(now, timezone.get_default_timezone())
        return midnight if edge is None else min(edge, midnight)


def current() -> Snapshot:
    """The snapshot of the version known to this process (at most a second old)."""
    return _aside.get() or _held.get()


@contextmanager
def aside() -> Iterator[None]:
    """Within, answers are remembered for nobody else: for looks at a moment that is not now.

    What is remembered says until when it holds, not since when, so tomorrow's shelf seen in a
    preview would otherwise be sold today.
    """
    token = _aside.set(replace(_held.get(), memo={}))
    try:
        yield
    finally:
        _aside.reset(token)


def is_between(now: datetime, starts: datetime | None, ends: datetime | None) -> bool:
    """From the start on, and before the end; None is no bound."""
    return (starts is None or starts <= now) and (ends is None or now < ends)


def current_version() -> int:
    """The catalogue's version; costs a statement at most once a second and process."""
    return version(NAME)


def changed() -> None:
    """Make every process load again; call it in the transaction of the change."""
    bump(NAME)


def forget() -> None:
    """Drop what this process holds: between tests, where versions repeat."""
    _held.forget()
    forget_versions()


def _load() -> Snapshot:
    chains = _chains()
    channels = {row.id: _channel(row, chains) for row in Channel.objects.filter(is_active=True)}
    products = {row.id: row for row in Product.objects.order_by("position", "id")}
    skus = {row.id: row for row in Sku.objects.order_by("position", "id")}
    skus_of: dict[int, list[int]] = defaultdict(list)
    for row in skus.values():
        skus_of[row.product_id].append(row.id)
    prices, pages, blocks, early = _prices(), _pages(), _blocks(), _early()
    return Snapshot(
        version=version(NAME),
        channels=channels,
        default_channel=next((view for view in channels.values() if view.is_default), None),
        hosts={host.lower(): view for view in channels.values() for host in view.hosts},
        prefixes=_prefixes(channels.values()),
        categories={row.id: row for row in Category.objects.all()},
        brands={row.id: row for row in Brand.objects.all()},
        tags={row.id: TagView(row.slug, row.name, row.name_en) for row in Tag.objects.all()},
        types={row.id: row for row in ProductType.objects.all()},
        inputs=_inputs(),
        products=products,
        product_ids_by_slug={row.slug: row.id for row in products.values()},
        product_tags=_product_tags(),
        skus=skus,
        sku_ids_by_code={row.code: row.id for row in skus.values()},
        skus_of={key: tuple(ids) for key, ids in skus_of.items()},
        prices=prices,
        pages={(row.channel_id, row.slug): row for row in pages},
        blocks=_by_page(blocks),
        shelves={(row.sku_id, row.channel): row.availability for row in ChannelShelf.objects.all()},
        bundles=_bundles(skus),
        level_rows=_level_rows(),
        early=early,
        edges=_edges(products.values(), prices, (*pages, *blocks), early),
    )


_held = Versioned(NAME, _load)
_aside: ContextVar[Snapshot | None] = ContextVar("catalog_aside", default=None)


def _chains() -> dict[int, tuple[tuple[int, ...], str]]:
    """Each price list's chain of fall-backs, itself first, and its currency."""
    lists = {row.id: row for row in PriceList.objects.all()}
    chains = {}
    for row in lists.values():
        chain: list[int] = []
        step: PriceList | None = row
        while step is not None and step.id not in chain and len(chain) < MAX_CHAIN:
            chain.append(step.id)
            step = lists.get(step.parent_id or 0)
        chains[row.id] = (tuple(chain), row.currency)
    return chains


def _channel(row: Channel, chains: dict[int, tuple[tuple[int, ...], str]]) -> ChannelView:
    chain, currency = chains[row.price_list_id]
    return ChannelView(
        id=row.id,
        public_id=row.public_id,
        code=row.code,
        name=row.name,
        name_en=row.name_en,
        hosts=tuple(row.hosts),
        path_prefix=row.path_prefix,
        theme=row.theme,
        currency=currency,
        price_lists=chain,
        commission_reserve_bp=row.commission_reserve_bp,
        is_default=row.is_default,
    )


def _prefixes(channels: Iterable[ChannelView]) -> tuple[tuple[str, ChannelView], ...]:
    """`/prefix/` of every channel that has one, the longest first."""
    found = [(f"/{view.path_prefix}/", view) for view in channels if view.path_prefix]
    return tuple(sorted(found, key=lambda pair: -len(pair[0])))


def _inputs() -> dict[int, tuple[InputSpec, ...]]:
    found: dict[int, list[InputSpec]] = defaultdict(list)
    for row in InputField.objects.order_by("position", "id"):
        found[row.product_type_id].append(
            InputSpec(
                key=row.key,
                label=row.label,
                label_en=row.label_en,
                validator=row.validator,
                params=row.params,
                hint=row.hint,
                hint_en=row.hint_en,
                required=row.is_required,
            )
        )
    return {key: tuple(specs) for key, specs in found.items()}


def _product_tags() -> dict[int, tuple[int, ...]]:
    found: dict[int, list[int]] = defaultdict(list)
    through = Product.tags.through.objects.order_by("tag__position", "tag_id")
    for product_id, tag_id in through.values_list("product_id", "tag_id"):
        found[product_id].append(tag_id)
    return {key: tuple(ids) for key, ids in found.items()}


def _prices() -> dict[int, tuple[tuple[int, DatedPrice], ...]]:
    found: dict[int, list[tuple[int, DatedPrice]]] = defaultdict(list)
    columns = (
        "sku_id", "price_list_id", "amount_minor", "currency", "min_quantity", "starts_at",
        "ends_at", "price_list__code",
    )  # fmt: skip
    for sku, place, amount, currency, step, start, end, code in Price.objects.values_list(*columns):
        row = DatedPrice(amount, currency, 0, step, start, end, code)
        found[sku].append((place, row))
    return {key: tuple(rows) for key, rows in found.items()}


def _pages() -> tuple[PageRow, ...]:
    names = [one.name for one in fields(PageRow)]
    return tuple(PageRow(*row) for row in Page.objects.order_by("id").values_list(*names))


def _blocks() -> tuple[BlockRow, ...]:
    names = [one.name for one in fields(BlockRow)]
    rows = PageBlock.objects.order_by("position", "id").values_list(*names)
    return tuple(BlockRow(*row) for row in rows)


def _by_page(blocks: Iterable[BlockRow]) -> dict[int, tuple[BlockRow, ...]]:
    found: dict[int, list[BlockRow]] = defaultdict(list)
    for row in blocks:
        found[row.page_id].append(row)
    return {key: tuple(rows) for key, rows in found.items()}


def _level_rows() -> tuple[LevelRow, ...]:
    rows = LevelPrice.objects.filter(is_active=True, level__is_active=True)
    found = []
    for row in rows.select_related("level", "member_day").order_by("level__rank", "id"):
        day = row.member_day
        if day is not None and not day.is_active:
            continue
        terms = LevelTerms(
            row.level.rank,
            (row.level.name, row.level.name_en),
            (),
            row.share_bp,
            row.grid,
            day.rule if day else None,
        )
        found.append(LevelRow(terms, row.channel_id, row.price_list_id))
    return tuple(found)


def _early() -> tuple[tuple[int, timedelta], ...]:
    rows = MemberLevel.objects.filter(is_active=True, early_hours__gt=0).order_by("rank")
    return tuple(
        (rank, timedelta(hours=hours)) for rank, hours in rows.values_list("rank", "early_hours")
    )


def _bundles(skus: dict[int, Any]) -> dict[int, Bundle]:
    """What is inside each bundle, by the key of its SKU."""
    groups: dict[int, dict[int, Any]] = defaultdict(dict)
    parts: dict[int, list[Part]] = defaultdict(list)
    rows = BundlePart.objects.select_related("group")
    for row in rows.order_by("group__bundle", "group__position", "position", "id"):
        groups[row.group.bundle_id][row.group_id] = row.group
        parts[row.group_id].append(Part(row.sku_id, skus[row.sku_id].code, row.quantity))
    return {
        sku_id: Bundle(
            sku_id,
            tuple(
                Group(row.name, row.name_en, row.choose, tuple(parts[row.pk]))
                for row in found.values()
            ),
        )
        for sku_id, found in groups.items()
    }


def _edges(
    products: Collection[Any],
    prices: dict[int, tuple[tuple[int, DatedPrice], ...]],
    shown: Iterable[PageRow | BlockRow],
    early: Iterable[tuple[int, timedelta]],
) -> tuple[datetime, ...]:
    moments = {moment for row in products for moment in (row.on_sale_from, row.on_sale_until)}
    moments |= {
        row.on_sale_from - lead for row in products if row.on_sale_from for _, lead in early
    }
    for row in shown:
        moments |= {row.starts_at, row.ends_at}
        if isinstance(row, BlockRow) and (kind := BLOCK_KINDS.find(row.kind)):
            moments |= set(kind.moments(row.params))
    moments |= {
        moment
        for rows in prices.values()
        for _, row in rows
        for moment in (row.starts_at, row.ends_at)
    }
    return tuple(sorted(moment for moment in moments if moment is not None))
