"""The null provider. Every payment of zero is paid; nothing else ever is."""

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


class FreeProvider:
    code = "free"
    title = _("Nothing to pay")
    text = _("This order costs nothing.")
    instant = True
    mandates: Mandates | None = None

    def page_url(self, request: PageRequest, *, now: datetime) -> str:
        return request.return_url

    def read_notice(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> Told:
        raise NotBelieved("malformed")

    def reply(self, *, done: bool) -> tuple[str, str]:
        return ("", "text/plain")

    def query(self, number: str, *, now: datetime) -> Answer:
        return Answer(Standing.SUCCEEDED, 0, "CNY")

    def close(self, number: str, *, now: datetime) -> Answer:
        return Answer(Standing.CLOSED)

    def refund(self, request: RefundRequest, *, now: datetime) -> RefundAnswer:
        if request.amount_minor:
            return RefundAnswer(Return.FAILED, why="nothing was paid")
        return RefundAnswer(Return.SUCCEEDED, 0, request.currency)

    def query_refund(self, refund_number: str, *, now: datetime) -> RefundAnswer:
        # It keeps no books: a refund of nothing is simply asked for again.
        return RefundAnswer(Return.ABSENT)

    def bill(self, day: date, *, now: datetime) -> Fetched:
        raise Unavailable("no money moves, so there is no bill")

    def read_bill(self, raw: bytes) -> Fetched:
        raise Unavailable("no money moves, so there is no bill")

    def fee_minor(self, amount_minor: int) -> int | None:
        return None


provider = FreeProvider()
