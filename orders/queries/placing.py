"""The one wide statement that writes an order (design.md: hot steps are few, wide statements).

`tests/orders/test_parity.py` compares it with the plain functions of core.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.hot import hot_cursor
from core.tx import part
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
    adjustments: list[dict[str, Any]]
    target_sealed: bytes | None = field(repr=False)
    target_masked: str
    target_index: bytes | None = field(repr=False)


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


STATEMENT = """
with o as (
    insert into orders_order (
        public_id, form_token, body_hash, channel_id, channel_code, attribution, user_id, owner,
        contact_kind, contact_masked, contact_index, private_sealed, secret_hash, token_hash,
        language, currency, units, list_minor, total_minor, explanation, terms_version, consent_at,
        budgets, state, state_at, created_at, expires_at, close_reason)
    values (
        %(public_id)s, %(form_token)s, %(body_hash)s, %(channel_id)s, %(channel_code)s,
        %(attribution)s, %(user_id)s, %(owner)s, %(contact_kind)s, %(contact_masked)s,
        %(contact_index)s, %(private_sealed)s, %(secret_hash)s, %(token_hash)s, %(language)s,
        %(currency)s, %(units)s, %(list_minor)s, %(total_minor)s, %(explanation)s::jsonb,
        %(terms_version)s, %(now)s, %(budgets)s::jsonb, %(pending)s, %(now)s, %(now)s,
        %(expires_at)s, '')
    on conflict (form_token) do nothing
    returning id
), l as (
    insert into orders_orderline (
        order_id, position, currency, public_id, sku_id, sku_code, quantity, delivery_kind,
        product_title, product_title_en, sku_title, sku_title_en, guide, guide_en, refund_policy,
        face, list_minor, unit_minor, paid_minor, adjustments, target_sealed, target_masked,
        target_index, delivered, gone, failed)
    select o.id, x.place - 1, %(currency)s::text, x.public_id, x.sku_id, x.sku_code, x.quantity, x.kind,
        x.product_title, x.product_title_en, x.sku_title, x.sku_title_en, x.guide, x.guide_en,
        x.refund_policy, x.face::jsonb, x.list_minor, x.unit_minor, x.paid_minor,
        x.adjustments::jsonb, x.target_sealed, x.target_masked, x.target_index, 0, 0, 0
    from o, unnest(
        %(l_public_id)s::text[], %(l_sku_id)s::bigint[], %(l_sku_code)s::text[],
        %(l_quantity)s::int[], %(l_delivery_kind)s::text[], %(l_product_title)s::text[],
        %(l_product_title_en)s::text[], %(l_sku_title)s::text[], %(l_sku_title_en)s::text[],
        %(l_guide)s::text[], %(l_guide_en)s::text[], %(l_refund_policy)s::text[],
        %(l_face)s::text[], %(l_list_minor)s::bigint[], %(l_unit_minor)s::bigint[],
        %(l_paid_minor)s::bigint[], %(l_adjustments)s::text[], %(l_target_sealed)s::bytea[],
        %(l_target_masked)s::text[], %(l_target_index)s::bytea[]
    ) with ordinality as x(
        public_id, sku_id, sku_code, quantity, kind, product_title, product_title_en, sku_title,
        sku_title_en, guide, guide_en, refund_policy, face, list_minor, unit_minor, paid_minor,
        adjustments, target_sealed, target_masked, target_index, place)
), p as (
    insert into orders_payment (
        public_id, number, order_id, provider, amount_minor, currency, state, state_at, applied,
        provider_txn, created_at, expires_at, not_before, lease_token, tries)
    select %(payment)s::text, %(payment_number)s::text, o.id, %(provider)s::text,
        %(total_minor)s::bigint, %(currency)s::text, %(submitted)s::text, %(now)s::timestamptz, false, '',
        %(now)s::timestamptz, %(payment_expires_at)s::timestamptz,
        %(first_query_at)s::timestamptz, '', 0
    from o
), h as (
    insert into core_statechange (entity, subject, was, became, at, by, why)
    select x.entity, x.subject, x.was, x.became, %(now)s::timestamptz, %(by)s::text, ''
    from o, (values
        (1, 'order', %(public_id)s::text, '', %(pending)s::text),
        (2, 'payment', %(payment)s::text, '', %(created)s::text),
        (3, 'payment', %(payment)s::text, %(created)s::text, %(submitted)s::text)
    ) as x(place, entity, subject, was, became)
    order by x.place
)
select id from o
"""
LINE_COLUMNS = (
    "public_id", "sku_id", "sku_code", "quantity", "delivery_kind", "product_title",
    "product_title_en", "sku_title", "sku_title_en", "guide", "guide_en", "refund_policy",
    "list_minor", "unit_minor", "paid_minor", "target_sealed", "target_masked", "target_index",
)  # fmt: skip
ORDER_COLUMNS = tuple(
    name
    for name in NewOrder.__dataclass_fields__
    if name not in {"lines", "explanation", "budgets"}
)


@part
def insert_order(new: NewOrder, *, by: str, now: datetime) -> bool:
    """Write order, lines, payment and their first history; False when the form token was used.

    The payment is written as sent to the provider: the page's address is made from it afterwards,
    without another write.
    """
    with hot_cursor() as cursor:
        cursor.execute(STATEMENT, _params(new, by=by, now=now))
        return cursor.fetchone() is not None


def _params(new: NewOrder, *, by: str, now: datetime) -> dict[str, Any]:
    params: dict[str, Any] = {name: getattr(new, name) for name in ORDER_COLUMNS}
    for name in LINE_COLUMNS:
        params[f"l_{name}"] = [getattr(line, name) for line in new.lines]
    params["l_face"] = [_json(line.face) for line in new.lines]
    params["l_adjustments"] = [_json(line.adjustments) for line in new.lines]
    params |= {
        "explanation": _json(new.explanation),
        "budgets": _json(new.budgets),
        "pending": OrderState.PENDING_PAYMENT.value,
        "created": PaymentState.CREATED.value,
        "submitted": PaymentState.SUBMITTED.value,
        "by": by[:48],
        "now": now,
    }
    return params


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
