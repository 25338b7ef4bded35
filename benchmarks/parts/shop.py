"""The goods a benchmark sells, made through the shop's own services, and a client that counts SQL."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import django
from django.db import connection

django.setup()

from django.test import Client  # noqa: E402  settings first

from catalog.models import Brand, Category, Channel, Price, Product, ProductType, Sku  # noqa: E402
from catalog.states import DeliveryKind, ProductState, StockMode  # noqa: E402
from core import cache, clock  # noqa: E402
from core.crypto import ensure_data_key  # noqa: E402
from fulfillment.services.imports.import_codes import ImportRequest, import_codes  # noqa: E402
from fulfillment.services.imports.run_import import run_import  # noqa: E402

SKU, SLUG = "BENCH-100", "bench-card"
PRICE_MINOR, COST_MINOR = 9850, 9000
HEADROOM = 0.5


def open_for_selling(*, pool: int) -> str:
    """A product on sale with at least half of `pool` free codes, filled up to `pool`. Its slug."""
    ensure_data_key()
    sku = _sku()
    free = _free(sku)
    if free < pool * HEADROOM:
        _fill(sku, pool - free)
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    return SLUG


def _sku() -> Sku:
    found = Sku.objects.filter(code=SKU).first()
    if found is not None:
        return found
    kind = ProductType.objects.create(
        code="bench-code", name="压测卡密", name_en="Bench code", delivery_kind=DeliveryKind.POOL,
        stock_mode=StockMode.POOL,
    )  # fmt: skip
    product = Product.objects.create(
        slug=SLUG, name="压测礼品卡", name_en="Bench gift card", product_type=kind,
        category=Category.objects.create(slug="bench", name="压测", name_en="Bench"),
        brand=Brand.objects.create(slug="bench", name="压测", name_en="Bench", hue=25),
        state=ProductState.ON_SALE, created_at=clock.now(), guide="复制卡密后兑换。", guide_en="Copy and redeem.",
    )  # fmt: skip
    sku = Sku.objects.create(
        product=product, code=SKU, name="100元", name_en="CNY 100", stock_mode=StockMode.POOL,
        face_value_minor=10000, market_price_minor=10000, cost_minor=COST_MINOR,
    )  # fmt: skip
    channel = Channel.objects.get(is_default=True)
    Price.objects.create(price_list=channel.price_list, sku=sku, amount_minor=PRICE_MINOR)
    cache.bump("catalog")
    return sku


def _free(sku: Sku) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from fulfillment_code where sku_id = %s and state = 'available'",
            [sku.pk],
        )
        return int(cursor.fetchone()[0])


def _fill(sku: Sku, units: int) -> None:
    print(f"importing {units:,} codes …", flush=True)
    first = int(clock.now().timestamp()) * 10**6
    request = ImportRequest(sku_id=sku.pk, file_name="bench.txt", cost_minor=COST_MINOR)
    batch = import_codes(request, chunks=_lines(first, units), by="system", now=clock.now())
    while run_import(batch_id=batch.public_id):
        pass


def _lines(first: int, units: int) -> Iterator[bytes]:
    for start in range(0, units, 5000):
        end = min(start + 5000, units)
        yield b"".join(
            b"%d SECRET-%08d-%08d\n" % (first + n, n % 10**8, (first + n * 7919) % 10**8)
            for n in range(start, end)
        )


class CountingClient:
    """Django's test client with every SQL statement of a request counted; cookies as a browser."""

    def __init__(self) -> None:
        self.client = Client(enforce_csrf_checks=True, headers={"accept-language": "zh-CN"})
        host = os.environ["SITE_URL"].partition("://")[2]
        self.extra: dict[str, Any] = {"HTTP_HOST": host, "HTTP_X_FORWARDED_FOR": "10.9.8.7"}

    def get(self, path: str, counts: dict[str, int], step: str) -> Any:
        with _counted(counts, step):
            return self.client.get(path, **self.extra)

    def post(self, path: str, form: dict[str, str], counts: dict[str, int], step: str) -> Any:
        with _counted(counts, step):
            return self.client.post(
                path,
                urlencode(form),
                content_type="application/x-www-form-urlencoded",
                **self.extra,
            )


@contextmanager
def _counted(counts: dict[str, int], step: str) -> Iterator[None]:
    def count(execute: Any, sql: str, *rest: Any) -> Any:
        if not sql.startswith(("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK")):
            counts[step] = counts.get(step, 0) + 1
            if os.environ.get("BENCH_SHOW_SQL"):
                print(f"[{step}] {' '.join(sql.split())[:200]}")
        return execute(sql, *rest)

    with connection.execute_wrapper(count):
        yield
