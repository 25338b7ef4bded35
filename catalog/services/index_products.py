"""Keeping the words by which products are found."""

from collections.abc import Iterable

from django.db.models import Q

from catalog.models import Product, SearchToken
from catalog.search.document import BRAND, CATEGORY, NAME, SKU, TAG, Named, tokens_of
from core.tx import part


@part
def index_products(*, product_ids: Iterable[int]) -> int:
    """Write the search tokens of these products anew; returns how many tokens there are."""
    wanted = list(product_ids)
    # A bundle is found by the names of what is inside: it follows when those change.
    around = Q(skus__groups__parts__sku__product__in=wanted)
    products = Product.objects.filter(
        pk__in=Product.objects.filter(Q(pk__in=wanted) | around).values("pk")
    ).select_related("category", "brand")
    rows: list[SearchToken] = []
    for product in products.prefetch_related("skus__groups__parts__sku__product", "tags"):
        rows.extend(
            SearchToken(product=product, kind=kind, token=token, weight=weight)
            for (kind, token), weight in tokens_of(_texts(product)).items()
        )
    SearchToken.objects.filter(product__in=products).delete()
    SearchToken.objects.bulk_create(rows, batch_size=2000)
    return len(rows)


def _texts(product: Product) -> list[Named]:
    texts = [
        Named(product.name, NAME),
        Named(product.name_en, NAME),
        Named(product.brand.name, BRAND),
        Named(product.brand.name_en, BRAND),
        Named(product.category.name, CATEGORY),
        Named(product.category.name_en, CATEGORY),
    ]
    for sku in product.skus.all():
        texts += [Named(sku.name, SKU), Named(sku.name_en, SKU), Named(sku.code, SKU)]
        for group in sku.groups.all():
            inside = [part.sku.product for part in group.parts.all()]
            texts += [Named(text, TAG) for one in inside for text in (one.name, one.name_en)]
    for tag in product.tags.all():
        texts += [Named(tag.name, TAG), Named(tag.name_en, TAG)]
    return texts
