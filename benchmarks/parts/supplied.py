"""Top-ups that a benchmark buys: a supplier, a SKU, paid units, and how they fared."""

import time
from collections.abc import Sequence

import django
from django.conf import settings
from django.db import connection

django.setup()

from catalog.models import Brand, Category, Product, ProductType, Sku  # noqa: E402  settings first
from catalog.states import DeliveryKind, ProductState, StockMode  # noqa: E402
from core import cache, clock, tx  # noqa: E402
from core.crypto import ensure_data_key  # noqa: E402
from core.ids import new_id  # noqa: E402
from core.invariants import check_all  # noqa: E402
from fulfillment.models import Attempt, Supplier, SupplierOffer  # noqa: E402
from fulfillment.services.open_deliveries import open_deliveries  # noqa: E402
from fulfillment.services.purchasing.fund_supplier import fund_supplier  # noqa: E402
from fulfillment.services.suppliers.save_supplier import save_supplier  # noqa: E402
from fulfillment.units import OpenLine  # noqa: E402
from simulators.supplier_c.script import Supplier as Script  # noqa: E402

#: Code of the supplier and of the SKU that only it sells.
CODE, SKU = "bench", "BENCH-TOPUP"
COST_MINOR, PAID_MINOR = 1650, 2000
FUNDS_MINOR = 10_000_000_00
BY = "system"
OPENED_AT_ONCE = 50
#: Only what must hold of deliveries and their money; the rest of the shop is not part of it.
FAMILIES = ("INV-D", "INV-L")


def open_for_buying(
    url: str, *, key_id: str, secret: str, concurrency: int, code: str = CODE, sku: str = SKU
) -> None:
    """A supplier at this address that sells one SKU, with money in advance."""
    ensure_data_key()
    now = clock.now()
    # Each run has a simulator and keys of its own: two persons need not agree to that.
    Supplier.objects.filter(code=code).update(base_url="", credentials=None)
    supplier = save_supplier(
        code=code, name=code.title(), dialect="rest_hmac", base_url=url, key_id=key_id, secret=secret,
        by=BY, now=now,
    )  # fmt: skip
    Supplier.objects.filter(pk=supplier.pk).update(concurrency=concurrency)
    fund_supplier(
        supplier_code=code, amount_minor=FUNDS_MINOR, payment_no=new_id("bnk"), by=BY, now=now
    )
    SupplierOffer.objects.get_or_create(
        sku=_sku(sku), supplier=supplier, supplier_sku=SKU,
        defaults={"cost_minor": COST_MINOR, "max_cost_minor": COST_MINOR},
    )  # fmt: skip


def _sku(code: str) -> Sku:
    found = Sku.objects.filter(code=code).first()
    if found is not None:
        return found
    kind, _made = ProductType.objects.get_or_create(
        code="bench-topup",
        defaults={
            "name": "压测直充", "name_en": "Bench top-up", "delivery_kind": DeliveryKind.TOPUP,
            "stock_mode": StockMode.SUPPLIER,
        },
    )  # fmt: skip
    category, _made = Category.objects.get_or_create(
        slug="bench", defaults={"name": "压测", "name_en": "Bench"}
    )
    brand, _made = Brand.objects.get_or_create(
        slug="bench", defaults={"name": "压测", "name_en": "Bench", "hue": 25}
    )
    product = Product.objects.create(
        slug=code.lower(), name="压测充值", name_en="Bench top-up", product_type=kind,
        category=category, brand=brand, state=ProductState.PAUSED, created_at=clock.now(),
    )  # fmt: skip
    sku = Sku.objects.create(
        product=product, code=code, name="20元", name_en="CNY 20", stock_mode=StockMode.SUPPLIER,
        cost_minor=COST_MINOR,
    )  # fmt: skip
    cache.bump("catalog")
    return sku


def open_units(units: int, *, sku: str = SKU) -> list[str]:
    """So many paid units, each its own order's; returns their references."""
    sku_id = Sku.objects.values_list("pk", flat=True).get(code=sku)
    references = [new_id("ord") for _unit in range(units)]
    for start in range(0, units, OPENED_AT_ONCE):
        with tx.step():
            for reference in references[start : start + OPENED_AT_ONCE]:
                line = OpenLine("l1", sku_id, 1, {"phone": "13800138000"}, PAID_MINOR)
                open_deliveries(
                    reference=reference, owner=None, channel="main", lines=[line], now=clock.now()
                )
    return references


def still_open(references: Sequence[str]) -> int:
    """Units that are not delivered yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from fulfillment_delivery"
            " where reference = any(%s) and state <> 'delivered'",
            [list(references)],
        )
        return int(cursor.fetchone()[0])


def latencies_ms(references: Sequence[str]) -> list[float]:
    """From paid to delivered, by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select extract(epoch from delivered_at - created_at)::float * 1000"
            " from fulfillment_delivery where reference = any(%s)",
            [list(references)],
        )
        return [row[0] for row in cursor.fetchall()]


def waits_ms(references: Sequence[str]) -> list[float]:
    """From paid to the first purchase written down: how long the worker let a unit wait."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select extract(epoch from min(a.created_at) - d.created_at)::float * 1000"
            " from fulfillment_delivery d join fulfillment_attempt a on a.delivery_id = d.id"
            " where d.reference = any(%s) group by d.id, d.created_at",
            [list(references)],
        )
        return [row[0] for row in cursor.fetchall()]


def warm_up(units: int) -> None:
    """Let every thread of the worker have its connection and its keys."""
    references = open_units(units)
    while still_open(references):
        time.sleep(0.05)


def compare(script: Script) -> None:
    """The supplier's truth against our books. Raises AssertionError when they differ."""
    granted = [grant["external_id"] for grant in script.grants()]
    ours = Attempt.objects.filter(supplier__code=CODE, state="succeeded")
    numbers = set(ours.values_list("number", flat=True))
    bought = [number for number in granted if not number.startswith("ALONE")]
    assert len(bought) == len(set(bought)), "a unit was granted twice"
    assert set(bought) <= numbers, "the supplier granted what we do not know"
    for family in FAMILIES:
        broken = check_all(now=clock.now(), only=family)
        assert not broken, [str(one) for one in broken]


def workers() -> tuple[int, int]:
    """Processes that buy, and threads in each."""
    return settings.SUPPLY_DRIVERS, settings.SUPPLY_THREADS
