"""What orders add to the trace: from number, contact or provider's reference to the chain (F13)."""

from collections.abc import Sequence
from contextlib import suppress

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from core.money import format_minor
from fulfillment.trace import MOST_CHAINS, Fact, Tracer, Trouble
from orders.models import BalancePayment, Notice, Order, Payment, Refund
from orders.models.notice import Outcome
from orders.states import OrderState, PaymentState, RefundState
from risk.values import NotAValue, normal, value_index


def find(text: str) -> Sequence[str]:
    """Orders behind an order id, payment or refund number, provider's transaction, phone or mail."""
    plain = text.strip()
    by_id = Q(public_id=plain) | Q(lines__public_id=plain)
    by_money = (
        Q(payments__public_id=plain)
        | Q(payments__number=plain)
        | Q(payments__provider_txn=plain)
        | Q(refunds__public_id=plain)
        | Q(refunds__number=plain)
    )
    wanted = by_id | by_money
    kind = "mail" if "@" in plain else "phone"
    with suppress(NotAValue):
        wanted |= Q(contact_index=value_index(kind, normal(kind, plain)))
    found = Order.objects.filter(wanted).order_by("-id").distinct()
    return list(found.values_list("public_id", flat=True)[:MOST_CHAINS])


def facts(reference: str) -> Sequence[Fact]:
    """Order, payments, notices and refunds of one order."""
    order = Order.objects.filter(public_id=reference).first()
    if order is None:
        return ()
    total = format_minor(order.total_minor, order.currency)
    found = [
        Fact(order.created_at, _("Order"), order.public_id, f"{total} · {order.contact_masked}",
             url=_page("order", order.pk))
    ]  # fmt: skip
    found += [_payment_fact(payment) for payment in order.payments.all()]
    found += [_balance_fact(paid) for paid in BalancePayment.objects.filter(order=order)]
    notices = Notice.objects.filter(payment__order=order)
    found += [
        Fact(n.received_at, _("Notice"), n.get_verdict_display(), n.get_outcome_display(),
             "success" if n.outcome == Outcome.APPLIED else "warning", _page("notice", n.pk))
        for n in notices
    ]  # fmt: skip
    found += [_refund_fact(refund) for refund in order.refunds.all()]
    return found


def troubles(reference: str) -> Sequence[Trouble]:
    """Why the money or the order itself stands still, and what to do."""
    order = Order.objects.filter(public_id=reference).first()
    if order is None:
        return ()
    found = []
    url = _page("order", order.pk)
    if order.state == OrderState.WAITING_STOCK:
        found.append(
            Trouble(
                order.public_id,
                _("It is paid and waits for stock."),
                _("Import codes of the SKU; at its deadline the money goes back by itself."),
                url,
            )
        )
    found += [
        Trouble(
            refund.public_id,
            _("The provider refused the refund: %(why)s") % {"why": refund.last_error},
            _("Find out why at the provider, then send it again."),
            _page("refund", refund.pk),
        )
        for refund in order.refunds.filter(state=RefundState.FAILED)
    ]
    quarantined = Notice.objects.filter(payment__order=order, outcome=Outcome.QUARANTINED)
    found += [
        Trouble(
            notice.public_id,
            _("A signed notice contradicts our books: %(verdict)s")
            % {"verdict": notice.get_verdict_display()},
            _("Compare with the provider; confirm by hand only with a second person."),
            _page("notice", notice.pk),
        )
        for notice in quarantined
    ]
    return found


def _payment_fact(payment: Payment) -> Fact:
    tone = {"succeeded": "success", "failed": "danger", "unknown": "warning"}.get(
        payment.state, "info"
    )
    amount = format_minor(payment.amount_minor, payment.currency)
    at = payment.succeeded_at if payment.state == PaymentState.SUCCEEDED else payment.state_at
    detail = f"{amount} · {payment.provider} {payment.number} {payment.provider_txn}".strip()
    title = f"{payment.public_id}: {payment.get_state_display()}"
    return Fact(
        at or payment.created_at, _("Payment"), title, detail, tone, _page("payment", payment.pk)
    )


def _balance_fact(paid: BalancePayment) -> Fact:
    amount = format_minor(paid.amount_minor, paid.currency)
    title = f"{paid.public_id}: {paid.get_state_display()}"
    return Fact(
        paid.state_at, _("Balance"), title, f"{amount} · {paid.owner}", "info",
        _page("balancepayment", paid.pk),
    )  # fmt: skip


def _refund_fact(refund: Refund) -> Fact:
    tone = {"succeeded": "success", "failed": "danger", "unknown": "warning"}.get(
        refund.state, "info"
    )
    amount = format_minor(refund.total_minor, refund.currency)
    title = f"{refund.public_id}: {refund.get_state_display()}"
    return Fact(
        refund.state_at,
        _("Refund"),
        title,
        f"{amount} · {refund.reason}",
        tone,
        _page("refund", refund.pk),
    )


def _page(model: str, pk: int) -> str:
    return reverse(f"admin:orders_{model}_change", args=[pk])


TRACER = Tracer(find=find, facts=facts, troubles=troubles)
