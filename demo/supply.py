"""The supplier simulator as this shop's supplier: connected, funded, with an offer for every top-up."""

import contextlib
from datetime import datetime

from django.conf import settings

from fulfillment.services.fund_supplier import AlreadyFunded, fund_supplier
from fulfillment.services.offer_goods import offer_goods
from fulfillment.services.save_supplier import TakesTwoPersons, save_supplier

CODE = "c"
BY = "system:demo"
FUNDS_MINOR = 20_000_000
PAYMENT_NO = "DEMO-OPENING"


def connect(*, now: datetime) -> str:
    """Set the supplier up; says in a few words what it did. Funds once, 200,000.00 CNY."""
    if not (settings.SUPPLIER_C_URL and settings.SUPPLIER_C_KEY and settings.SUPPLIER_C_SECRET):
        return "none (SUPPLIER_C_URL, _KEY and _SECRET are not set)"
    try:
        save_supplier(
            code=CODE, name="速充云（模拟供应商 C）", dialect="rest_hmac",
            base_url=settings.SUPPLIER_C_URL, key_id=settings.SUPPLIER_C_KEY,
            secret=settings.SUPPLIER_C_SECRET, by=BY, now=now,
        )  # fmt: skip
    except TakesTwoPersons:
        return f"{CODE}, connected already with another address or key, which stay as they are"
    with contextlib.suppress(AlreadyFunded):
        fund_supplier(
            supplier_code=CODE, amount_minor=FUNDS_MINOR, payment_no=PAYMENT_NO, by=BY, now=now
        )
    return f"{CODE}, {offer_goods(supplier_code=CODE, by=BY, now=now)} new offers"
