"""Merchants, stores, clerks and sold vouchers for tests, made as the services would leave them."""

from dataclasses import dataclass
from datetime import datetime
from itertools import count
from secrets import randbelow
from typing import Any

from catalog.models import Sku
from core import clock
from core.tx import step
from fulfillment.models import (
    Clerk,
    ClerkRole,
    Entitlement,
    Merchant,
    Store,
    VoucherCode,
    VoucherPlace,
    VoucherTerms,
)
from fulfillment.queries.clerks import clerk_of
from fulfillment.redemption import ClerkView
from fulfillment.services.open_deliveries import OpenLine, open_deliveries
from fulfillment.services.redeeming.issue_voucher import open_voucher
from tests.factories.fulfillment import make_goods

_numbers = count(randbelow(10**6) * 1000)


@dataclass(frozen=True)
class Sold:
    """A voucher with its owner: its rows and the code in clear."""

    entitlement: Entitlement
    code: str
    delivery: str


def make_store(merchant: Merchant | None = None, **fields: Any) -> Store:
    """A store that takes vouchers, of a new merchant unless one is given."""
    number, now = next(_numbers), clock.now()
    if merchant is None:
        merchant = Merchant.objects.create(
            code=f"m{number}", name=f"商户{number}", name_en=f"Merchant {number}", created_at=now
        )
    values = {"code": f"s{number}", "name": f"门店{number}", "name_en": f"Store {number}"}
    return Store.objects.create(merchant=merchant, created_at=now, **{**values, **fields})


def make_clerk(
    store: Store, *, role: str = ClerkRole.CLERK, user: str = "", **fields: Any
) -> ClerkView:
    """A clerk of the store, as the services know them."""
    user = user or f"usr_{next(_numbers):016d}"
    Clerk.objects.create(user=user, store=store, role=role, created_at=clock.now(), **fields)
    view = clerk_of(user, store=store.public_id)
    assert view is not None
    return view


def make_voucher_sku(
    *stores: Store,
    sku: Sku | None = None,
    sku_fields: dict[str, Any] | None = None,
    **values: Any,
) -> Sku:
    """A SKU whose vouchers count at these stores, or terms for `sku`.

    One use, unless `uses` or `amount_minor` says otherwise; `share_minor` or `share_bp` is what the
    merchants get. Other values are columns of the terms.
    """
    sku = sku or make_goods("voucher", **(sku_fields or {}))
    shares = {name: values.pop(name, 0) for name in ("share_minor", "share_bp")}
    uses = values.pop("uses", 1)
    values["uses_total"] = None if "amount_minor" in values else uses
    terms = VoucherTerms.objects.create(sku=sku, **values)
    for store in stores:
        VoucherPlace.objects.create(terms=terms, merchant=store.merchant, store=store, **shares)
    return sku


def sell_voucher(
    sku: Sku, *, owner: str = "usr_OWNER", reference: str = "", now: datetime | None = None
) -> Sold:
    """A unit of the SKU, opened for a paid reference as the road would."""
    with step():
        opened = open_deliveries(
            reference=reference or f"ord_{next(_numbers):016d}", owner=owner, channel="main",
            lines=[OpenLine("a", sku.pk, 1)], now=now or clock.now(),
        )  # fmt: skip
    unit = opened.delivered[0]
    owned = Entitlement.objects.get(public_id=unit.entitlement)
    return Sold(owned, code_of(owned), unit.delivery)


def code_of(owned: Entitlement) -> str:
    """The live code of a voucher in clear, past the audited door: for tests only."""
    row = VoucherCode.objects.get(entitlement=owned, replaced_at=None)
    return open_voucher(row.pk, row.sealed)
