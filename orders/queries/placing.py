"""The one wide statement that writes an order (design.md: hot steps are few, wide statements).

`tests/orders/test_parity.py` compares it with the plain functions of core.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from core.hot import hot_cursor
from core.tx import part
from orders.models import Order, OrderBundle
from orders.promotions.values import Used
from orders.states import OrderState, PaymentState


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line about to be written; money in minor units, `paid_minor` for all units together."""

    public_id: str
    sku_id: int
    sku_code: str
    quantity: int
    delivery_kind: str
    product_title: str
    product_title_en: str
    sku_title: str
    sku_title_en: str
    guide: str
    guide_en: str
    refund_policy: str
    face: dict[str, Any]
    list_minor: int
    unit_minor: int
    paid_minor: int
    subsidy_minor: int
    adjustments: list[dict[str, Any]]
    target_sealed: bytes | None = field(repr=False)
    target_masked: str
    target_index: bytes | None = field(repr=False)
    bundle_id: str | None


@dataclass(frozen=True, slots=True)
class NewBundle:
    """A bundle about to be written around the lines that name it; money in minor units."""

    public_id: str
    sku_id: int
    sku_code: str
    quantity: int
    product_title: str
    product_title_en: str
    sku_title: str
    sku_title_en: str
    face: dict[str, Any]
    list_minor: int
    unit_minor: int
    paid_minor: int
    adjustments: list[dict[str, Any]]
    split: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order about to be written, with its first payment."""

    public_id: str
    form_token: str
    body_hash: bytes
    channel_id: int
    channel_code: str
    attribution: str
    user_id: int | None
    owner: str
    contact_kind: str
    contact_masked: str
    contact_index: bytes = field(repr=False)
    private_sealed: bytes = field(repr=False)
    secret_hash: bytes = field(repr=False)
    token_hash: bytes = field(repr=False)
    language: str
    currency: str
    units: int
    list_minor: int
    total_minor: int
    explanation: list[dict[str, Any]]
    terms_version: str
    budgets: list[dict[str, Any]]
    expires_at: datetime
    payment: str
    payment_number: str
    provider: str
    payment_expires_at: datetime
    first_query_at: datetime
    lines: Sequence[NewLine] = ()
    bundles: Sequence[NewBundle] = ()
    uses: Sequence[Used] = ()
    # What of the total the buyer's balance pays.
    balance_minor: int = 0

    @property
    def due_minor(self) -> int:
        """What is left to be paid at the provider."""
        return self.total_minor - self.balance_minor


# What a new row starts with besides what the order says; the columns of each table.
ORDER_COLUMNS = (
    "public_id", "form_token", "body_hash", "channel_id", "channel_code", "attribution", "user_id",
    "owner", "contact_kind", "contact_masked", "contact_index", "private_sealed", "secret_hash",
    "token_hash", "language", "currency", "units", "list_minor", "total_minor", "explanation",
    "terms_version", "consent_at", "budgets", "state", "state_at", "created_at", "expires_at",
    "close_reason",
)  # fmt: skip
LINE_COLUMNS = (
    "position", "currency", "public_id", "sku_id", "sku_code", "quantity", "delivery_kind",
    "product_title", "product_title_en", "sku_title", "sku_title_en", "guide", "guide_en",
    "refund_policy", "face", "list_minor", "unit_minor", "paid_minor", "subsidy_minor",
    "adjustments", "target_sealed", "target_masked", "target_index", "bundle_id", "delivered",
    "gone", "failed",
)  # fmt: skip
PAYMENT_COLUMNS = (
    "public_id", "number", "provider", "amount_minor", "currency", "state", "state_at", "applied",
    "provider_txn", "created_at", "expires_at", "not_before", "lease_token", "tries",
)  # fmt: skip
USE_COLUMNS = ("rule", "discount_minor", "subsidy_minor", "currency", "created_at")
CHANGE_COLUMNS = ("entity", "subject", "was", "became", "at", "by", "why")

# One document instead of sixty parameters: psycopg prepares and caches it, PostgreSQL takes it
# apart by the tables' own row types.
STATEMENT = """
with n as materialized (select %(new)s::jsonb as doc),
o as (
    insert into orders_order ({order})
    select {order} from n, jsonb_populate_record(null::orders_order, n.doc -> 'order')
    on conflict (form_token) do nothing
    returning id
), l as (
    insert into orders_orderline (order_id, {line})
    select o.id, {x_line}
    from o, n, jsonb_populate_recordset(null::orders_orderline, n.doc -> 'lines') as x
), p as (
    insert into orders_payment (order_id, {payment})
    select o.id, {x_payment}
    from o, n, jsonb_populate_record(null::orders_payment, n.doc -> 'payment') as x
), u as (
    insert into orders_promotionuse (order_id, {use})
    select o.id, {x_use}
    from o, n, jsonb_populate_recordset(null::orders_promotionuse, n.doc -> 'uses') as x
), h as (
    insert into core_statechange ({change})
    select {x_change}
    from o, n, jsonb_populate_recordset(null::core_statechange, n.doc -> 'history') as x
)
select id from o
""".format(  # noqa: S608  names of columns from the constants above
    order=", ".join(ORDER_COLUMNS),
    line=", ".join(LINE_COLUMNS),
    x_line=", ".join(f"x.{name}" for name in LINE_COLUMNS),
    payment=", ".join(PAYMENT_COLUMNS),
    x_payment=", ".join(f"x.{name}" for name in PAYMENT_COLUMNS),
    use=", ".join(USE_COLUMNS),
    x_use=", ".join(f"x.{name}" for name in USE_COLUMNS),
    change=", ".join(CHANGE_COLUMNS),
    x_change=", ".join(f"x.{name}" for name in CHANGE_COLUMNS),
)


@part
def insert_order(new: NewOrder, *, by: str, now: datetime) -> bool:
    """Write order, lines, payment, the promotions used and a first history; False when the form
    token was used.

    The payment is written as sent to the provider: the page's address is made from it afterwards,
    without another write.
    """
    with hot_cursor() as cursor:
        cursor.execute(STATEMENT, {"new": _document(new, by=by, now=now)})
        return cursor.fetchone() is not None


@part
def insert_bundles(new: NewOrder) -> None:
    """Write the bundles of an order that has some; its lines name them already.

    The keys of the lines to them are checked at the end of the transaction.
    """
    order_id = Order.objects.values_list("pk", flat=True).get(public_id=new.public_id)
    OrderBundle.objects.bulk_create(
        OrderBundle(order_id=order_id, position=position, currency=new.currency, **asdict(bundle))
        for position, bundle in enumerate(new.bundles)
    )


def _document(new: NewOrder, *, by: str, now: datetime) -> str:
    pending = OrderState.PENDING_PAYMENT.value
    created, submitted = PaymentState.CREATED.value, PaymentState.SUBMITTED.value
    order = {name: getattr(new, name) for name in ORDER_COLUMNS if hasattr(new, name)} | {
        "state": pending, "state_at": now, "created_at": now, "consent_at": now, "close_reason": "",
    }  # fmt: skip
    lines = [
        {name: getattr(line, name) for name in LINE_COLUMNS if hasattr(line, name)}
        | {"position": position, "currency": new.currency, "delivered": 0, "gone": 0, "failed": 0}
        for position, line in enumerate(new.lines)
    ]
    payment = {
        "public_id": new.payment, "number": new.payment_number, "provider": new.provider,
        "amount_minor": new.due_minor, "currency": new.currency, "state": submitted,
        "state_at": now, "applied": False, "provider_txn": "", "created_at": now,
        "expires_at": new.payment_expires_at, "not_before": new.first_query_at, "lease_token": "",
        "tries": 0,
    }  # fmt: skip
    uses = [
        {
            "rule": used.rule, "discount_minor": used.discount_minor,
            "subsidy_minor": used.subsidy_minor, "currency": new.currency, "created_at": now,
        }
        for used in new.uses
    ]  # fmt: skip
    steps = (
        ("order", new.public_id, "", pending),
        ("payment", new.payment, "", created),
        ("payment", new.payment, created, submitted),
    )
    history = [dict(zip(CHANGE_COLUMNS, (*step, now, by[:48], ""), strict=True)) for step in steps]
    document = {
        "order": order, "lines": lines, "payment": payment, "uses": uses, "history": history,
    }  # fmt: skip
    return json.dumps(document, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> str:
    """Bytes as PostgreSQL writes them, times as ISO 8601."""
    return f"\\x{value.hex()}" if isinstance(value, bytes) else str(value.isoformat())
