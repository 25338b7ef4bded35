"""No provider at all: the floor above charges an account that has a limit, and confirms.

Asked, it knows nothing of its own: a payment waits until it is charged. What goes back goes back to
the account, which is certain: the floor above books it when it hears of the refund.
"""

from collections.abc import Mapping
from datetime import date, datetime

from django.utils.translation import gettext_lazy as _

from core.reconciliation.values import Fetched, Unavailable
from orders.payments.base import (
    Answer,
    Mandates,
    NotBelieved,
    PageRequest,
    RefundAnswer,
    RefundRequest,
    Return,
    Standing,
    Told,
)


class AccountProvider:
    code = "account"
    title = _("On account")
    text = _("Paid later, by a bill.")
    instant = False
    mandates: Mandates | None = None

    def page_url(self, request: PageRequest, *, now: datetime) -> str:
        return request.return_url

    def read_notice(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> Told:
        raise NotBelieved("malformed")

    def reply(self, *, done: bool) -> tuple[str, str]:
        return ("", "text/plain")

    def query(self, number: str, *, now: datetime) -> Answer:
        return Answer(Standing.WAITING)

    def close(self, number: str, *, now: datetime) -> Answer:
        return Answer(Standing.CLOSED)

    def refund(self, request: RefundRequest, *, now: datetime) -> RefundAnswer:
        return RefundAnswer(
            Return.SUCCEEDED, request.amount_minor, request.currency, request.refund_number
        )

    def query_refund(self, refund_number: str, *, now: datetime) -> RefundAnswer:
        return RefundAnswer(Return.ABSENT)

    def bill(self, day: date, *, now: datetime) -> Fetched:
        raise Unavailable("nobody but us keeps this account")

    def read_bill(self, raw: bytes) -> Fetched:
        raise Unavailable("nobody but us keeps this account")

    def fee_minor(self, amount_minor: int) -> int | None:
        return None


provider = AccountProvider()
