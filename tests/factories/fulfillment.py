"""Rows of the fulfillment floor for tests, made as the services would leave them."""

from datetime import date, datetime
from itertools import count
from secrets import randbelow
from typing import Any

from catalog.models import Brand, Category, Product, ProductType, Sku
from catalog.states import DeliveryKind, ProductState, StockMode
from core import clock
from core.crypto import ensure_data_key
from fulfillment.codefiles.limits import MAX_LINE_BYTES
from fulfillment.models import CodeBatch, Supplier, SupplierOffer
from fulfillment.services.imports.import_codes import ImportRequest, import_codes
from fulfillment.services.imports.run_import import run_import

_numbers = count(randbelow(10**6) * 1000)


def make_supplier(**fields: Any) -> Supplier:
    """A supplier that is on; without a dialect unless one is given."""
    number = next(_numbers)
    return Supplier.objects.create(**{"code": f"s{number}", "name": f"Supplier {number}", **fields})


def make_offer(sku: Sku, supplier: Supplier, **fields: Any) -> SupplierOffer:
    """An active offer at 80.00, with 90.00 at most."""
    values = {"supplier_sku": f"X-{sku.code}", "cost_minor": 8000, "max_cost_minor": 9000, **fields}
    return SupplierOffer.objects.create(sku=sku, supplier=supplier, **values)


def make_goods(
    kind: str = DeliveryKind.POOL, *, cost_minor: int | None = 9000, **fields: Any
) -> Sku:
    """A SKU (of a paused product) that is delivered in this way, with its product, type, brand and category."""
    number = next(_numbers)
    mode = StockMode.POOL if kind == DeliveryKind.POOL else StockMode.SUPPLIER
    product_type = ProductType.objects.create(
        code=f"type-{number}", name=f"类型{number}", name_en=f"Type {number}", delivery_kind=kind,
        stock_mode=mode,
    )  # fmt: skip
    product = Product.objects.create(
        slug=f"product-{number}", name=f"商品{number}", name_en=f"Product {number}",
        category=Category.objects.create(slug=f"c-{number}", name=f"类{number}", name_en="C"),
        brand=Brand.objects.create(slug=f"b-{number}", name=f"牌{number}", name_en="B", hue=145),
        product_type=product_type, state=ProductState.PAUSED, created_at=clock.now(),
    )  # fmt: skip
    values = {
        "code": f"SKU-{number}",
        "name": "面值",
        "name_en": "Face",
        "stock_mode": mode,
        **fields,
    }
    return Sku.objects.create(product=product, cost_minor=cost_minor, **values)


def code_text(number: int, *, start: int = 10**15) -> tuple[str, str]:
    """A number and a secret, the same for the same argument."""
    return str(start + number), f"SECRET-{number:08d}-{(number * 7919) % 10**8:08d}"


def make_file(units: int, *, first: int | None = None, separator: str = " ") -> bytes:
    """A clean file of `units` codes that nothing else has made before, unless `first` says so."""
    if first is None:
        first = next(_numbers) * 10_000_000
    lines = (separator.join(code_text(first + i)) for i in range(units))
    return ("\n".join(lines) + "\n").encode()


def import_file(
    sku: Sku, content: bytes, *, now: datetime | None = None, **fields: Any
) -> CodeBatch:
    """Import a file to its end, as a worker would."""
    ensure_data_key()
    request = ImportRequest(sku_id=sku.pk, file_name="test.txt", **fields)
    pieces = [content[i : i + 65536] for i in range(0, len(content), 65536)]
    batch = import_codes(request, chunks=pieces, by="user:usr_TEST", now=now or clock.now())
    while run_import(batch_id=batch.public_id):
        pass
    batch.refresh_from_db()
    return batch


def make_stock(units: int, *, sku: Sku | None = None, expires_on: date | None = None) -> Sku:
    """A pool SKU with that many free codes."""
    sku = sku or make_goods()
    import_file(sku, make_file(units), expires_on=expires_on)
    return sku


__all__ = [
    "MAX_LINE_BYTES", "code_text", "import_file", "make_file", "make_goods", "make_offer",
    "make_stock", "make_supplier",
]  # fmt: skip
