"""Taking a file of bundles into the shop: dry or for real, as often as one likes."""

from datetime import datetime

from catalog import snapshot
from catalog.audit_tags import BUNDLES_IMPORTED
from catalog.hues import hue_for
from catalog.importing.bundles import BundleRow, plan_bundles
from catalog.importing.plan import Plan
from catalog.importing.rows import CURRENCY
from catalog.models import Brand, Category, Channel, Product, ProductType, Sku
from catalog.services.ensure_base_rows import ensure_base_rows
from catalog.services.import_catalogue import free_slug
from catalog.services.index_products import index_products
from catalog.services.save_bundle import GroupOf, check_bundle, save_bundle
from catalog.services.set_price import PriceLocked, set_price
from catalog.states import ProductState, StockMode
from core import audit, transitions
from core.tx import step

TYPE = "bundle"
CATEGORY = ("bundles", "权益组合", "Bundles")


def import_bundles(
    *, content: bytes, now: datetime, acting: str, dry_run: bool = False, source: str = ""
) -> Plan[BundleRow]:
    """Import a CSV file of bundles and return the verdict of every line; one step, all or none.

    The columns are those of `catalog.importing.bundles.COLUMNS`: money is yuan with two decimals,
    rule is `fixed` or `choose 2 of`, parts are SKU codes with their units (`A x1; B x2`); several
    groups stand between bars in both (`fixed | choose 1 of`, `A x2 | B; C`). Lines with a reason
    against them are left out. Importing a file again changes nothing; a price set by hand stays. New
    bundles go on sale at once; whether one is sold follows from its parts. `dry_run` only judges.
    Raises catalog.importing.rows.UnreadableFile. Source: C3.
    """
    with step():
        channel = Channel.objects.get(is_default=True)
        plan = plan_bundles(content, price_list_id=channel.price_list_id)
        if dry_run or not plan.accepted:
            return plan
        if not ProductType.objects.filter(code=TYPE).exists():
            ensure_base_rows()
        touched = [_write(row, channel, now=now, acting=acting) for row in plan.accepted]
        index_products(product_ids=touched)
        audit.record(
            tag=BUNDLES_IMPORTED, by=acting, subject=f"bundles:{source[:60]}", after=plan.counts,
            now=now,
        )  # fmt: skip
        snapshot.changed()
    return plan


def _write(row: BundleRow, channel: Channel, *, now: datetime, acting: str) -> int:
    """The product with its one SKU, what is inside, and the price, whose floor is the contents' cost."""
    sku = Sku.objects.filter(code=row.code).select_related("product").first()
    if sku is None:
        sku = _new(row, channel, now=now, acting=acting)
    names = {"name": row.name, "name_en": row.name_en}
    Product.objects.filter(pk=sku.product_id).exclude(**names).update(**names)
    size = dict(zip(("name", "name_en"), row.size, strict=True))
    Sku.objects.filter(pk=sku.pk).exclude(**size).update(**size)
    ids = dict(Sku.objects.filter(code__in=dict(row.parts)).values_list("code", "pk"))
    groups = [
        GroupOf(choose, [(ids[code], units) for code, units in parts])
        for choose, parts in row.groups
    ]
    save_bundle(sku_id=sku.pk, groups=groups, now=now, acting=acting, price_follows=True)
    _price(row, sku, channel, now=now, acting=acting)
    check_bundle(sku_id=sku.pk)
    return sku.product_id


def _price(row: BundleRow, sku: Sku, channel: Channel, *, now: datetime, acting: str) -> None:
    try:
        set_price(
            sku_id=sku.pk, price_list_id=channel.price_list_id, amount_minor=row.price_minor,
            now=now, acting=acting,
        )  # fmt: skip
    except PriceLocked:
        return


def _new(row: BundleRow, channel: Channel, *, now: datetime, acting: str) -> Sku:
    slug, name, name_en = CATEGORY
    category, _ = Category.objects.get_or_create(
        slug=slug,
        defaults={"name": name, "name_en": name_en, "position": Category.objects.count() * 10},
    )
    brand, _ = Brand.objects.get_or_create(
        name=channel.name,
        defaults={
            "name_en": channel.name_en,
            "slug": free_slug(Brand, channel.name_en),
            "hue": hue_for(channel.name_en),
        },
    )
    kind = ProductType.objects.get(code=TYPE)
    product = Product.objects.create(
        slug=free_slug(Product, row.name_en), name=row.name, name_en=row.name_en,
        category=category, brand=brand, product_type=kind, position=row.line, created_at=now,
        state=ProductState.ON_SALE,
    )  # fmt: skip
    transitions.begin(
        entity="product", subject=product.public_id, state=product.state, now=now, by=acting,
        why="imported",
    )  # fmt: skip
    names = dict(zip(("name", "name_en"), row.size, strict=True))
    return Sku.objects.create(
        product=product, code=row.code, currency=CURRENCY, stock_mode=StockMode.PARTS, **names
    )
