"""Taking a catalogue file into the shop: dry or for real, as often as one likes."""

import contextlib
from collections.abc import Sequence
from datetime import datetime

from django.utils.text import slugify

from catalog import snapshot
from catalog.audit_tags import CATALOGUE_IMPORTED
from catalog.hues import hue_for
from catalog.importing.plan import Plan, plan_import
from catalog.importing.rows import CURRENCY, Row
from catalog.models import Brand, Category, Channel, Product, ProductType, Sku, Tag
from catalog.services.follow_cost import follow_changed_cost
from catalog.services.index_products import index_products
from catalog.services.set_price import PriceLocked, set_price
from catalog.states import Availability, DeliveryKind, ProductState
from core import audit, transitions
from core.tx import step


def import_catalogue(
    *, content: bytes, now: datetime, acting: str, dry_run: bool = False, source: str = ""
) -> Plan[Row]:
    """Import a CSV file and return the verdict of every line; one step, all lines or none.

    The columns are those of `catalog.importing.rows.COLUMNS`; money is yuan with two decimals.
    Lines with a reason against them are left out, the others are taken. Importing a file again
    changes nothing. New products go on sale at once; vouchers are paused until something can
    redeem them; codes are shown as sold out until some are in stock. A price set by hand stays.
    `dry_run` only judges. Raises catalog.importing.rows.UnreadableFile.
    """
    with step():
        price_list_id = Channel.objects.get(is_default=True).price_list_id
        plan = plan_import(content, price_list_id=price_list_id)
        if dry_run or not plan.accepted:
            return plan
        touched = _write(plan.accepted, price_list_id=price_list_id, now=now, acting=acting)
        index_products(product_ids=touched)
        audit.record(
            tag=CATALOGUE_IMPORTED,
            by=acting,
            subject=f"catalogue:{source[:60]}",
            after=plan.counts,
            now=now,
        )
        snapshot.changed()
    return plan


def _write(rows: Sequence[Row], *, price_list_id: int, now: datetime, acting: str) -> set[int]:
    types = {row.code: row for row in ProductType.objects.all()}
    products: dict[tuple[str, str], Product] = {}
    for position, row in enumerate(rows):
        key = (row.brand, row.product)
        if key not in products:
            products[key] = _product(row, types[row.type_code], position, now=now, acting=acting)
        sku = _sku(row, products[key], types[row.type_code])
        with contextlib.suppress(PriceLocked):
            set_price(
                sku_id=sku.pk,
                price_list_id=price_list_id,
                amount_minor=row.price_minor,
                now=now,
                acting=acting,
            )
        # A rule has the last word over what it sets; the file may have brought another cost.
        follow_changed_cost(sku_id=sku.pk, now=now, acting=acting)
    return {product.pk for product in products.values()}


def _product(row: Row, kind: ProductType, position: int, *, now: datetime, acting: str) -> Product:
    category = _category(row)
    brand = _brand(row)
    texts = {
        "name_en": row.product_en,
        "category": category,
        "guide": row.guide,
        "guide_en": row.guide_en,
    }
    product, is_new = Product.objects.get_or_create(
        brand=brand,
        name=row.product,
        defaults={
            **texts,
            "slug": free_slug(Product, row.product_en),
            "product_type": kind,
            "position": position,
            "created_at": now,
            "state": _first_state(kind),
        },
    )
    if is_new:
        why = "vouchers wait for redemption" if product.state == ProductState.PAUSED else "imported"
        transitions.begin(
            entity="product",
            subject=product.public_id,
            state=product.state,
            now=now,
            by=acting,
            why=why,
        )
    else:
        Product.objects.filter(pk=product.pk).update(**texts)
    product.tags.set([_tag(name) for name in row.tags])
    return product


def _first_state(kind: ProductType) -> str:
    waits = kind.delivery_kind == DeliveryKind.VOUCHER
    return (ProductState.PAUSED if waits else ProductState.ON_SALE).value


def _sku(row: Row, product: Product, kind: ProductType) -> Sku:
    values = {
        "name": row.sku,
        "name_en": row.sku_en,
        "face_value_minor": row.face_minor,
        "market_price_minor": row.market_minor,
        "cost_minor": row.cost_minor,
        "validity_kind": row.validity_kind,
        "validity_days": row.validity_days,
        "validity_months": row.validity_months,
    }
    fresh = {
        "product": product,
        "currency": CURRENCY,
        "stock_mode": kind.stock_mode,
        "position": row.line,
        "availability": Availability.OUT
        if kind.delivery_kind == DeliveryKind.POOL
        else Availability.IN,
    }
    sku, _ = Sku.objects.update_or_create(
        code=row.sku_code, defaults=values, create_defaults={**values, **fresh}
    )
    return sku


def _category(row: Row) -> Category:
    category, is_new = Category.objects.get_or_create(
        name=row.category,
        defaults={
            "name_en": row.category_en,
            "slug": free_slug(Category, row.category_en),
            "position": Category.objects.count() * 10,
        },
    )
    if not is_new and category.name_en != row.category_en:
        Category.objects.filter(pk=category.pk).update(name_en=row.category_en)
    return category


def _brand(row: Row) -> Brand:
    brand, is_new = Brand.objects.get_or_create(
        name=row.brand,
        defaults={
            "name_en": row.brand_en,
            "slug": free_slug(Brand, row.brand_en),
            "hue": hue_for(row.brand_en),
        },
    )
    if not is_new and brand.name_en != row.brand_en:
        Brand.objects.filter(pk=brand.pk).update(name_en=row.brand_en)
    return brand


def _tag(name: str) -> Tag:
    slug = free_slug(Tag, name)
    tag, _ = Tag.objects.get_or_create(name=name, defaults={"name_en": name, "slug": slug})
    return tag


def free_slug(model: type[Brand] | type[Category] | type[Product] | type[Tag], text: str) -> str:
    """An address made of the English name, with a number behind it when it is taken."""
    base = slugify(text)[:60] or model._meta.model_name or "item"
    slug, number = base, 1
    while model.objects.filter(slug=slug).exists():
        number += 1
        slug = f"{base}-{number}"
    return slug
