"""A day of business in our books, as the simulators' truth has it: many rows, made by statements."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection

from core import ledger
from core.reconciliation.values import day_of
from orders.models import Order, Payment, Refund
from orders.models.refund import RefundKind
from orders.states import PaymentState, RefundState
from simulators.localpay.script import Gateway
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
