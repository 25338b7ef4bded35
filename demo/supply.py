"""The simulators as this shop's suppliers: three dialects, connected, funded, with their offers.

C sells every top-up and is asked first. A is a little cheaper, B a little dearer; both sell some of
the same goods, so that there is something to route.
"""

import contextlib
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings

from catalog.models import Sku
from catalog.states import DeliveryKind
from core.tx import step
from fulfillment.models import Supplier, SupplierOffer
from fulfillment.services.purchasing.fund_supplier import AlreadyFunded, fund_supplier
from fulfillment.services.suppliers.offer_goods import LEEWAY_PERCENT, offer_goods
from fulfillment.services.suppliers.save_offer import Terms, save_offer
from fulfillment.services.suppliers.save_supplier import TakesTwoPersons, save_supplier

BY = "system:demo"
FUNDS_MINOR = 20_000_000
PAYMENT_NO = "DEMO-OPENING"


@dataclass(frozen=True, slots=True)
class Source:
    """One of the demo's suppliers. ``percent`` of the catalogue's cost, as its simulator charges."""

    code: str
    name: str
    dialect: str
    percent: int = 100
    position: int = 1
    goods: tuple[str, ...] = ()
    options: dict[str, str] = field(default_factory=dict)

    def setting(self, part: str) -> str:
        return str(getattr(settings, f"SUPPLIER_{self.code.upper()}_{part}"))


SOURCES = (
    Source("c", "速充云（模拟供应商 C）", "rest_hmac"),
    Source(
        "a", "聚力网关（模拟供应商 A）", "gateway_md5", percent=98, position=2,
        goods=("IQY-", "YK-", "MG-"),
    ),
    Source(
        "b", "渠道通（模拟供应商 B）", "form_md5", percent=103, position=3,
        goods=("IQY-GOLD-", "TXV-"), options={"tail": "&", "charset": "GBK", "ack": "ok"},
    ),
)  # fmt: skip


def connect(*, now: datetime) -> str:
    """Set the suppliers up; says in a few words what it did. Funds each once, 200,000.00 CNY."""
    return "; ".join(_connect(source, now=now) for source in SOURCES)


def _connect(source: Source, *, now: datetime) -> str:
    place = f"SUPPLIER_{source.code.upper()}"
    url, key_id, secret = (source.setting(part) for part in ("URL", "KEY", "SECRET"))
    if not (url and key_id and secret):
        return f"{source.code} not connected ({place}_URL, _KEY and _SECRET are not set)"
    try:
        supplier = save_supplier(
            code=source.code, name=source.name, dialect=source.dialect, base_url=url,
            key_id=key_id, secret=secret, options=source.options, by=BY, now=now,
        )  # fmt: skip
    except TakesTwoPersons:
        return (
            f"{source.code}, connected already with another address or key, which stay as they are"
        )
    with contextlib.suppress(AlreadyFunded):
        fund_supplier(
            supplier_code=source.code, amount_minor=FUNDS_MINOR, payment_no=PAYMENT_NO, by=BY,
            now=now,
        )  # fmt: skip
    if not source.goods:
        return f"{source.code}, {offer_goods(supplier_code=source.code, by=BY, now=now)} new offers"
    return f"{source.code}, {_offer_some(supplier, source, now=now)} new offers"


@step()
def _offer_some(supplier: Supplier, source: Source, *, now: datetime) -> int:
    """Offers for the top-ups whose numbers begin as ``goods`` says; those there are stay."""
    have = SupplierOffer.objects.filter(supplier=supplier).values("sku_id")
    wanted = Sku.objects.filter(
        product__product_type__delivery_kind=DeliveryKind.TOPUP, cost_minor__isnull=False
    ).exclude(pk__in=have)
    made = 0
    for sku in wanted.order_by("id"):
        if not sku.code.startswith(source.goods):
            continue
        cost = (sku.cost_minor or 0) * source.percent // 100
        terms = Terms(
            sku_id=sku.pk, supplier_id=supplier.pk, supplier_sku=sku.code, cost_minor=cost,
            max_cost_minor=cost * (100 + LEEWAY_PERCENT) // 100, position=source.position,
            active=True,
        )  # fmt: skip
        save_offer(terms=terms, by=BY, now=now)
        made += 1
    return made
