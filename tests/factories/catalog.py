"""Rows of the catalogue for tests of every floor. Each call leaves the process snapshot fresh."""

import itertools
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from catalog import page_cache, snapshot
from catalog.models import (
    Brand,
    Category,
    Channel,
    InputField,
    Page,
    PageBlock,
    Price,
    PriceList,
    Product,
    ProductType,
    Sku,
)
from catalog.offers import ChannelView
from catalog.queries import default_channel
from catalog.services.ensure_base_rows import ensure_base_rows
from catalog.services.index_products import index_products
from catalog.states import Availability, DeliveryKind, PageState, ProductState
from core.cache import bump

_numbers = itertools.count(1)
Inputs = tuple[tuple[str, str, dict[str, Any]], ...]
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def fresh() -> None:
    """Drop what this process holds of the catalogue: versions repeat from test to test."""
    bump(snapshot.NAME)
    snapshot.forget()
    page_cache.forget()


def channel() -> ChannelView:
    """The default channel as a request knows it."""
    base()
    return default_channel()


def base() -> Channel:
    """The default channel's row, with price list and product types around it: migrations wrote them."""
    row = Channel.objects.select_related("price_list").filter(is_default=True).first()
    if row is None:
        with transaction.atomic():
            row = ensure_base_rows()
    fresh()
    return row


def make_type(kind: str = "pool", *, inputs: Inputs = (), **values: Any) -> ProductType:
    """A product type; `inputs` are (key, validator, params)."""
    n = next(_numbers)
    stock = {"pool": "pool", "topup": "supplier", "voucher": "voucher", "manual": "manual"}.get(
        kind, "unlimited"
    )
    defaults = {
        "code": f"type-{n}",
        "name": f"类型{n}",
        "name_en": f"Type {n}",
        "stock_mode": stock,
    }
    made = ProductType.objects.create(delivery_kind=kind, **{**defaults, **values})
    for position, (key, validator, params) in enumerate(inputs):
        InputField.objects.create(
            product_type=made,
            key=key,
            label=key,
            label_en=key,
            validator=validator,
            params=params,
            position=position,
        )
    fresh()
    return made


def make_product(
    *,
    kind: str = "pool",
    product_type: ProductType | None = None,
    tags: tuple[Any, ...] = (),
    **values: Any,
) -> Product:
    """A product on sale, in a category and of a brand of its own."""
    base()
    n = next(_numbers)
    defaults: dict[str, Any] = {
        "slug": f"product-{n}",
        "name": f"商品{n}",
        "name_en": f"Product {n}",
        "state": ProductState.ON_SALE,
        "created_at": EPOCH,
        "product_type": product_type or make_type(kind, inputs=_usual_inputs(kind)),
    }
    if "category" not in values:
        values["category"] = Category.objects.create(
            slug=f"category-{n}", name=f"分类{n}", name_en=f"Category {n}"
        )
    if "brand" not in values:
        values["brand"] = Brand.objects.create(
            slug=f"brand-{n}", name=f"品牌{n}", name_en=f"Brand {n}", hue=25
        )
    made = Product.objects.create(**{**defaults, **values})
    made.tags.set(tags)
    with transaction.atomic():
        index_products(product_ids=[made.pk])
    fresh()
    return made


def make_sku(
    *,
    kind: str = "pool",
    price_minor: int | None = 9850,
    product: Product | None = None,
    product_type: ProductType | None = None,
    **values: Any,
) -> Sku:
    """A SKU on sale with a standing price in the base list; kind: pool, topup, voucher, membership, manual."""
    product = product or make_product(kind=kind, product_type=product_type)
    n = next(_numbers)
    defaults: dict[str, Any] = {
        "code": f"SKU-{n}",
        "name": f"{n}元",
        "name_en": f"CNY {n}",
        "stock_mode": product.product_type.stock_mode,
        "face_value_minor": 10000,
        "market_price_minor": 10000,
        "cost_minor": min(9000, price_minor) if price_minor is not None else None,
        "availability": Availability.IN,
        "limit_per_order": 20,
    }
    made = Sku.objects.create(product=product, **{**defaults, **values})
    if price_minor is not None:
        make_price(made, price_minor)
    fresh()
    return made


def make_price(
    sku: Sku, amount_minor: int, *, price_list: PriceList | None = None, **values: Any
) -> Price:
    """A price row, past the service and its floor."""
    place = price_list or base().price_list
    row = Price.objects.create(
        sku=sku, price_list=place, amount_minor=amount_minor, currency=place.currency, **values
    )
    fresh()
    return row


def make_channel(
    code: str = "corner", *, prices_from: PriceList | None = None, **values: Any
) -> Channel:
    """Another channel with a price list of its own that falls back to the base list."""
    parent = prices_from or base().price_list
    own = PriceList.objects.create(
        code=f"{code}-prices", name=code, currency=parent.currency, parent=parent
    )
    row = Channel.objects.create(code=code, name=code, name_en=code, price_list=own, **values)
    fresh()
    return row


def make_block(kind: str, *, params: dict[str, Any] | None = None, **values: Any) -> PageBlock:
    """A block on an open page of the default channel; its home page unless `page` names another."""
    page = make_page(values.pop("page", "home"), channel=values.pop("channel", None))
    made = PageBlock.objects.create(page=page, kind=kind, params=params or {}, **values)
    fresh()
    return made


def make_page(slug: str = "sale", *, channel: Channel | None = None, **values: Any) -> Page:
    """An open page without blocks, or the one that is at this address already."""
    defaults = {"title": slug, "title_en": slug, "state": PageState.LIVE, **values}
    made, _ = Page.objects.get_or_create(channel=channel or base(), slug=slug, defaults=defaults)
    fresh()
    return made


def _usual_inputs(kind: str) -> Inputs:
    return (("phone", "phone", {}),) if kind == DeliveryKind.TOPUP else ()
