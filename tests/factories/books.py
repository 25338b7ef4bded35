"""A day of business in our books, as the simulators' truth has it: many rows, made by statements."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection

from catalog.states import DeliveryKind
from core import ledger
from core.reconciliation.values import day_of
from fulfillment.models import Attempt, Delivery, Supplier
from fulfillment.suppliers.lists import LineKind, StatementLine
from orders.models import Order, Payment, Refund
from orders.models.refund import RefundKind
from orders.states import PaymentState, RefundState
from simulators.localpay.script import Gateway
from tests.factories.fulfillment import make_goods, make_offer
from tests.factories.orders import make_order, stocked

JOURNALS = """
with entry as (
    select 'payment.succeeded:' || p.public_id as key, 'payment.succeeded' as kind,
        p.succeeded_at as at, p.amount_minor as amount, o.public_id as subject, p.currency,
        'order_obligation' as other
    from orders_payment p join orders_order o on o.id = p.order_id where p.public_id = any(%(keys)s)
    union all
    select 'refund.succeeded:' || r.public_id, 'refund.succeeded', r.succeeded_at,
        -r.amount_minor, o.public_id, r.currency, 'refund_payable'
    from orders_refund r join orders_order o on o.id = r.order_id where r.public_id = any(%(keys)s)),
journal as (
    insert into core_journal (key, kind, at, note) select key, kind, at, '' from entry
    returning id, key)
insert into core_posting (journal_id, account_id, amount, currency, subject)
select j.id, leg.account, leg.sign * e.amount, e.currency, e.subject
from entry e join journal j on j.key = e.key
cross join lateral (values ('psp_clearing:localpay', 1), (e.other, -1)) as leg(account, sign)
"""


def moment(unix: float) -> datetime:
    return datetime.fromtimestamp(unix, UTC)


def take_over(gateway: Gateway, *, prefix: str) -> tuple[list[Payment], list[Refund]]:
    """Payments and refunds of ours for all that the gateway has under this prefix, booked."""
    truth = gateway.truth()
    paid = [row for row in truth["payments"] if row["number"].startswith(prefix)]
    back = [row for row in truth["refunds"] if row["refund_number"].startswith(prefix)]
    template = make_order(stocked(1))
    order = Order.objects.get(pk=template.pk)
    payments = Payment.objects.bulk_create(
        [
            Payment(
                number=row["number"], order=order, provider="localpay", currency="CNY",
                amount_minor=row["amount_minor"], state=PaymentState.SUCCEEDED,
                state_at=moment(row["paid_at"]), succeeded_at=moment(row["paid_at"] + 1),
                created_at=moment(row["paid_at"] - 60), expires_at=moment(row["paid_at"] + 900),
                provider_txn=row["txn"],
            )
            for row in paid
        ],
        batch_size=1000,
    )  # fmt: skip
    by_number = {payment.number: payment for payment in payments}
    refunds = Refund.objects.bulk_create(
        [
            Refund(
                number=row["refund_number"], payment=by_number[row["number"]], order=order,
                kind=RefundKind.UNDELIVERED, amount_minor=row["amount_minor"], currency="CNY",
                source_account="order_obligation", reason="test", by="system",
                state=RefundState.SUCCEEDED, state_at=moment(row["refunded_at"]),
                succeeded_at=moment(row["refunded_at"] + 1), provider_txn=row["refund_txn"],
                created_at=moment(row["created_at"]),
            )
            for row in back
        ],
        batch_size=1000,
    )  # fmt: skip
    book([*(each.public_id for each in payments), *(each.public_id for each in refunds)])
    return payments, refunds


def book(public_ids: list[str]) -> None:
    """The journals that the shop would have posted for these payments and refunds."""
    accounts = ("psp_clearing:localpay", "order_obligation", "refund_payable")
    ledger.ensure_accounts([(account, "CNY") for account in accounts])
    with connection.cursor() as cursor:
        cursor.execute(JOURNALS, {"keys": public_ids})


def days_ago(now: datetime, days: int) -> date:
    """That day in Shanghai."""
    return day_of(now) - timedelta(days=days)


def facts(rows: list[dict[str, Any]]) -> dict[str, int]:
    """How many of each kind."""
    found: dict[str, int] = {}
    for row in rows:
        found[row["kind"]] = found.get(row["kind"], 0) + 1
    return found


ATTEMPT_JOURNALS = """
with entry as (
    select 'attempt.sent:' || a.public_id as key, 'attempt.sent' as kind, a.sent_at as at,
        a.max_cost_minor as amount, d.reference, a.currency, 'supplier_suspense:' || s.code as debit,
        'supplier_prepaid:' || s.code as credit
    from fulfillment_attempt a join fulfillment_supplier s on s.id = a.supplier_id
    join fulfillment_delivery d on d.id = a.delivery_id where a.id = any(%(keys)s)
    union all
    select 'attempt.' || case a.state when 'succeeded' then 'succeeded' else 'refused' end || ':'
        || a.public_id, 'attempt.' || case a.state when 'succeeded' then 'succeeded' else 'refused' end,
        a.closed_at, a.max_cost_minor, d.reference, a.currency,
        case a.state when 'succeeded' then 'cogs' else 'supplier_prepaid:' || s.code end,
        'supplier_suspense:' || s.code
    from fulfillment_attempt a join fulfillment_supplier s on s.id = a.supplier_id
    join fulfillment_delivery d on d.id = a.delivery_id
    where a.id = any(%(keys)s) and a.closed_at is not null),
journal as (
    insert into core_journal (key, kind, at, note) select key, kind, at, '' from entry
    returning id, key)
insert into core_posting (journal_id, account_id, amount, currency, subject)
select j.id, leg.account, leg.sign * e.amount, e.currency, e.reference
from entry e join journal j on j.key = e.key
cross join lateral (values (e.debit, 1), (e.credit, -1)) as leg(account, sign)
"""


def bought(supplier: Supplier, lines: list[StatementLine], *, unknown: int = 0) -> list[Attempt]:
    """Attempts of ours for a statement that is still true: charged ones, and those given back.

    Of the first `unknown` ones we do not know yet what became of them.
    """
    sku = make_goods(DeliveryKind.TOPUP, cost_minor=1650)
    offer = make_offer(sku, supplier)
    charged = [line for line in lines if line.kind is LineKind.ORDER]
    back = {line.merchant_no for line in lines if line.kind is LineKind.REFUND}
    ends = [
        "unknown" if at < unknown else "failed" if line.merchant_no in back else "succeeded"
        for at, line in enumerate(charged)
    ]
    deliveries = Delivery.objects.bulk_create(
        [
            Delivery(
                reference=f"ord_{line.merchant_no}", line="l1", unit=1, channel="main", sku=sku,
                kind="topup", created_at=line.at, currency="CNY", supplier=supplier,
                state="delivered" if end == "succeeded" else end,
                delivered_at=line.at if end == "succeeded" else None,
            )
            for line, end in zip(charged, ends, strict=True)
        ],
        batch_size=1000,
    )  # fmt: skip
    attempts = Attempt.objects.bulk_create(
        [
            Attempt(
                delivery=delivery, supplier=supplier, offer=offer, number=line.merchant_no,
                supplier_sku="X", state=end, supplier_no=line.supplier_no,
                max_cost_minor=-line.amount_minor,
                cost_minor=-line.amount_minor if end == "succeeded" else None,
                created_at=line.at, sent_at=line.at,
                closed_at=None if end == "unknown" else line.at + timedelta(seconds=2),
            )
            for line, delivery, end in zip(charged, deliveries, ends, strict=True)
        ],
        batch_size=1000,
    )  # fmt: skip
    heads = ("supplier_prepaid", "supplier_suspense")
    ledger.ensure_accounts([(f"{head}:{supplier.code}", "CNY") for head in heads])
    ledger.ensure_accounts([("cogs", "CNY")])
    with connection.cursor() as cursor:
        cursor.execute(ATTEMPT_JOURNALS, {"keys": [each.pk for each in attempts]})
        cursor.execute(
            "update core_accountbalance b set balance = (select coalesce(sum(amount), 0)"
            " from core_posting p where p.account_id = b.account_id and p.currency = b.currency)"
        )
    return attempts
