"""What the catalogue says at a moment, out of the snapshot: no statements when warm."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from catalog.bundles.offering import offer_of_parts
from catalog.offers import ChannelView, Limits, Offer, ProductPage, Validity
from catalog.pricing import Priced
from catalog.snapshot import BlockRow, PageRow, Snapshot, current
from catalog.states import DeliveryKind, ProductState
from catalog.unit_prices import floor_under, lead_of, priced, tier_of

# States whose page may be opened; a retired or draft product has no page.
_SHOWN = frozenset(
    {ProductState.SCHEDULED.value, ProductState.ON_SALE.value, ProductState.PAUSED.value}
)
_MEMO_LIMIT = 300_000
_DEEPEST = 8


def default_channel() -> ChannelView:
    """The channel of whoever comes by no other. Raises LookupError in an empty database."""
    found = current().default_channel
    if found is None:
        raise LookupError("there is no default channel; run `manage.py ensure_base`")
    return found


def channel_by_code(code: str) -> ChannelView | None:
    """An active channel by its code."""
    return next((view for view in current().channels.values() if view.code == code), None)


def channels() -> list[ChannelView]:
    """The active channels, the default one first, then by code."""
    return sorted(current().channels.values(), key=lambda view: (not view.is_default, view.code))


def offer(
    sku_code: str, channel: ChannelView, now: datetime, *, quantity: int = 1, level: int = 0
) -> Offer | None:
    """One SKU in a channel at a moment, with the unit price for that many; None when unknown.

    `level` is the buyer's member level, 0 for a guest: it may lower the price and open the sale
    early.

    A SKU without a price in the channel is unknown there. `state_ok` is False while the product
    is paused, not started or over, the SKU is not offered, or its price lies under the floor:
    callers must refuse to sell it then.
    Money is minor units of the channel's currency; `now` is aware.
    """
    snap = current()
    sku_id = snap.sku_ids_by_code.get(sku_code)
    return None if sku_id is None else _offer(snap, sku_id, channel, now, quantity, level)


def offer_by_id(
    sku_id: int, channel: ChannelView, now: datetime, *, quantity: int = 1, level: int = 0
) -> Offer | None:
    """As `offer`, by the row's key."""
    snap = current()
    return _offer(snap, sku_id, channel, now, quantity, level) if sku_id in snap.skus else None


def names_of(sku_ids: Iterable[int]) -> dict[int, frozenset[str]]:
    """What the goods of these SKUs are called by rules ("sku:…", "category:…"), as far as known."""
    snap = current()
    return {
        sku_id: _names(snap, snap.skus[sku_id], snap.products[snap.skus[sku_id].product_id])
        for sku_id in sku_ids
        if sku_id in snap.skus
    }


def product_page(
    slug: str, channel: ChannelView, now: datetime, *, level: int = 0
) -> ProductPage | None:
    """A product with its offers for a member level; None without such a page in this channel."""
    snap = current()
    product_id = snap.product_ids_by_slug.get(slug)
    return None if product_id is None else page_of(product_id, channel, now, level=level)


def page_of(
    product_id: int, channel: ChannelView, now: datetime, *, level: int = 0
) -> ProductPage | None:
    """As `product_page`, by the row's key."""
    snap = current()
    level = tier_of(snap, level)
    key = ("page", channel.id, product_id, level)
    known: ProductPage | None = snap.memo.get(key)
    if known is not None and (known.until is None or now < known.until):
        return known
    page = _page(snap, product_id, channel, now, level)
    if page is not None:
        _remember(snap, key, page)
    return page


def on_sale(channel: ChannelView, now: datetime, *, level: int = 0) -> tuple[ProductPage, ...]:
    """Every product that a member of the level can buy in the channel now, in shelf order."""
    snap = current()
    level = tier_of(snap, level)
    key = ("on_sale", channel.id, level)
    known: tuple[datetime | None, tuple[ProductPage, ...]] | None = snap.memo.get(key)
    if known is not None and (known[0] is None or now < known[0]):
        return known[1]
    found = (page_of(pid, channel, now, level=level) for pid in snap.products)
    pages = [page for page in found if page is not None]
    shown = tuple(page for page in pages if page.sellable)
    _remember(snap, key, (snap.next_edge(now), shown))
    return shown


def categories() -> list[Any]:
    """Visible categories in their order."""
    return [row for row in current().categories.values() if row.is_visible]


def blocks_of(channel: ChannelView, page: str, now: datetime) -> list[BlockRow]:
    """The blocks of a page that show at that moment, in their order, whether it is open or not."""
    row = page_row(channel, page)
    return [one for one in blocks_on(row.id) if one.shows(now)] if row is not None else []


def blocks_on(page_id: int) -> tuple[BlockRow, ...]:
    """All blocks of a page in their order, shown or not."""
    return current().blocks.get(page_id, ())


def page_row(channel: ChannelView, slug: str) -> PageRow | None:
    """A channel's page by its address, whether it is open or not."""
    return current().pages.get((channel.id, slug))


def page_by_id(public_id: str) -> PageRow | None:
    """A page of any channel by its public id."""
    return next((row for row in current().pages.values() if row.public_id == public_id), None)


def open_pages(channel: ChannelView, now: datetime) -> list[PageRow]:
    """The pages of a channel that visitors may see at that moment, by address."""
    rows = [row for row in current().pages.values() if row.channel_id == channel.id]
    return sorted((row for row in rows if row.is_open(now)), key=lambda row: row.slug)


def _remember(snap: Snapshot, key: Any, value: Any) -> None:
    if len(snap.memo) > _MEMO_LIMIT:
        snap.memo.clear()
    snap.memo[key] = value


def _offer(
    snap: Snapshot, sku_id: int, channel: ChannelView, now: datetime, quantity: int, level: int
) -> Offer | None:
    level = tier_of(snap, level)
    key = ("offer", channel.id, sku_id, quantity, level)
    known: Offer | None = snap.memo.get(key)
    if known is not None and (known.until is None or now < known.until):
        return known
    found = priced(snap, sku_id, channel, now, quantity, level)
    if found is None:
        return None
    shelf = snap.shelves.get((sku_id, channel.code), snap.skus[sku_id].availability)
    made = _build_offer(snap, sku_id, found, shelf, now, lead_of(snap, level))
    if sku_id in snap.bundles:
        made = offer_of_parts(made, snap.bundles[sku_id], _part_offers(snap, sku_id, channel, now))
    elif made.delivery_kind == DeliveryKind.BUNDLE:
        made = replace(made, state_ok=False)  # nothing is inside yet
    made = _beside(snap, made, channel, now, quantity, level)
    _remember(snap, key, made)
    return made


def _beside(
    snap: Snapshot, made: Offer, channel: ChannelView, now: datetime, quantity: int, level: int
) -> Offer:
    """What one unit alone costs the same buyer, and what the highest level pays if that is less."""
    one = made.unit_minor
    if quantity > 1:
        single = priced(snap, made.sku_id, channel, now, 1, level)
        one = single.unit_minor if single else one
    least = None
    highest = max((row.terms.level for row in snap.level_rows), default=0)
    if highest > level:
        best = priced(snap, made.sku_id, channel, now, quantity, highest)
        if best is not None and best.unit_minor < made.unit_minor:
            least = best.unit_minor
        made = replace(made, until=_earliest(made.until, best.until if best else None, now=now))
    return replace(made, single_minor=one, member_minor=least)


def part_offers(sku_id: int, channel: ChannelView, now: datetime) -> dict[int, Offer | None]:
    """The offers of everything that may be inside a bundle, by SKU; None for what has no price here."""
    return _part_offers(current(), sku_id, channel, now)


def _part_offers(
    snap: Snapshot, sku_id: int, channel: ChannelView, now: datetime
) -> dict[int, Offer | None]:
    # A bundle inside a bundle is not sold; asking for its offer could also never end.
    ids = [part.sku_id for part in snap.bundles[sku_id].parts]
    return {
        one: None if one in snap.bundles else _offer(snap, one, channel, now, 1, 0) for one in ids
    }


def _build_offer(
    snap: Snapshot, sku_id: int, price: Priced, shelf: str, now: datetime, lead: timedelta
) -> Offer:
    sku = snap.skus[sku_id]
    product = snap.products[sku.product_id]
    kind = snap.types[product.product_type_id]
    brand = snap.brands[product.brand_id]
    floor = floor_under(snap, sku_id)
    starts = product.on_sale_from and product.on_sale_from - lead
    return Offer(
        sku_id=sku.id,
        sku_public_id=sku.public_id,
        sku_code=sku.code,
        sku_title=sku.name,
        sku_title_en=sku.name_en,
        product_id=product.id,
        product_public_id=product.public_id,
        product_slug=product.slug,
        product_title=product.name,
        product_title_en=product.name_en,
        brand=brand.name,
        brand_en=brand.name_en,
        hue=brand.hue,
        product_type=kind.code,
        delivery_kind=kind.delivery_kind,
        stock_mode=sku.stock_mode,
        binding=kind.binding,
        validity=Validity(
            sku.validity_kind, sku.validity_days, sku.validity_months, sku.valid_from, sku.valid_until
        ),
        inputs=snap.inputs.get(kind.id, ()),
        limits=Limits(
            sku.limit_per_order, sku.limit_per_buyer, sku.limit_per_phone, sku.limit_per_day,
            sku.who_may_buy, sku.minimum_level,
        ),
        guide=product.guide or kind.guide,
        guide_en=product.guide_en or kind.guide_en,
        refund_policy=kind.refund_policy,
        currency=price.currency,
        list_minor=price.list_minor,
        unit_minor=price.unit_minor,
        market_minor=sku.market_price_minor,
        face_minor=sku.face_value_minor,
        cost_minor=sku.cost_minor,
        floor_minor=floor,
        reasons=price.reasons,
        until=_earliest(price.until, starts, product.on_sale_until, now=now),
        availability=shelf,
        state_ok=sku.is_active
        and not sku.price_hold
        and _sells(product, now, lead)
        and price.unit_minor >= floor,
        single_minor=price.unit_minor,
        names=_names(snap, sku, product),
    )  # fmt: skip


def _names(snap: Snapshot, sku: Any, product: Any) -> frozenset[str]:
    tags = (f"tag:{snap.tags[tag].slug}" for tag in snap.product_tags.get(product.id, ()))
    brand = f"brand:{snap.brands[product.brand_id].slug}"
    above = (f"category:{slug}" for slug in _path(snap, product.category_id))
    return frozenset({f"sku:{sku.code}", f"product:{product.slug}", brand, *above, *tags})


def _path(snap: Snapshot, category_id: int | None) -> list[str]:
    """A category and those it lies in; bounded, should somebody have made a ring of them."""
    slugs: list[str] = []
    while category_id is not None and len(slugs) < _DEEPEST:
        row = snap.categories[category_id]
        slugs.append(row.slug)
        category_id = row.parent_id
    return slugs


def _page(
    snap: Snapshot, product_id: int, channel: ChannelView, now: datetime, level: int
) -> ProductPage | None:
    product = snap.products.get(product_id)
    if product is None or product.state not in _SHOWN:
        return None
    skus = snap.skus_of.get(product_id, ())
    found = [_offer(snap, sku_id, channel, now, 1, level) for sku_id in skus]
    offers = tuple(one for one in found if one is not None and snap.skus[one.sku_id].is_active)
    if not offers:
        return None
    kind = snap.types[product.product_type_id]
    brand = snap.brands[product.brand_id]
    category = snap.categories[product.category_id]
    return ProductPage(
        product_id=product.id,
        public_id=product.public_id,
        slug=product.slug,
        title=product.name,
        title_en=product.name_en,
        summary=product.summary,
        summary_en=product.summary_en,
        brand=brand.name,
        brand_en=brand.name_en,
        brand_slug=brand.slug,
        hue=brand.hue,
        category_slug=category.slug,
        category=category.name,
        category_en=category.name_en,
        tags=tuple(snap.tags[tag] for tag in snap.product_tags.get(product_id, ())),
        delivery_kind=kind.delivery_kind,
        refund_policy=kind.refund_policy,
        inputs=snap.inputs.get(kind.id, ()),
        guide=product.guide or kind.guide,
        guide_en=product.guide_en or kind.guide_en,
        offers=offers,
        state=product.state,
        created_at=product.created_at,
        popularity=product.popularity,
        position=product.position,
        until=_earliest(snap.next_edge(now), *(one.until for one in offers), now=now),
    )


def _sells(product: Any, now: datetime, lead: timedelta) -> bool:
    """On sale, or scheduled with its moment come (so much earlier for members)."""
    if product.state not in (ProductState.ON_SALE, ProductState.SCHEDULED):
        return False
    if product.on_sale_from is not None and now < product.on_sale_from - lead:
        return False
    return product.on_sale_until is None or now < product.on_sale_until


def _earliest(*moments: datetime | None, now: datetime) -> datetime | None:
    return min((moment for moment in moments if moment is not None and moment > now), default=None)
