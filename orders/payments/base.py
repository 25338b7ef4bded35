"""What a payment provider is to us: it sends the buyer to pay, tells us, and can be asked.

An adapter signs, verifies and translates. It never writes the database, never raises for a business
outcome, and calls outside only through `core.http`, never inside a transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from django.utils.functional import Promise

from core.reconciliation.values import Fetched
from orders.payments.mandates import Mandates
from orders.payments.standing import Standing

__all__ = [
    "About", "Answer", "Mandates", "NotBelieved", "PageRequest", "Provider", "RefundAnswer",
    "RefundRequest", "Return", "Standing", "Told",
]  # fmt: skip


class Return(StrEnum):
    """Where a refund stands at the provider. FAILED is final for its number."""

    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What the buyer is asked to pay; `amount_minor` in minor units of `currency`."""

    number: str
    amount_minor: int
    currency: str
    subject: str
    notify_url: str
    return_url: str
    expires_at: datetime
    language: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The provider's answer about a payment. Amount and currency are checked by us, not here."""

    standing: Standing
    amount_minor: int | None = None
    currency: str = ""
    txn: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class RefundRequest:
    number: str
    refund_number: str
    amount_minor: int
    currency: str
    reason: str
    notify_url: str


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """The provider's answer about a refund. `not_sent`: no byte of the request had left."""

    standing: Return
    amount_minor: int | None = None
    currency: str = ""
    txn: str = ""
    why: str = ""
    not_sent: bool = False


class About(StrEnum):
    PAYMENT = "payment"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class Told:
    """A notice whose signature, key and merchant are right. `stale`: outside the time window."""

    about: About
    notice_id: str
    number: str
    refund_number: str
    amount_minor: int
    currency: str
    txn: str
    status: str
    stale: bool


class NotBelieved(Exception):
    """The notice is not to be believed; `verdict` is a value of orders.models.notice.Verdict."""

    def __init__(self, verdict: str) -> None:
        super().__init__(verdict)
        self.verdict = verdict


class Provider(Protocol):
    """The seam every payment provider fits into. `instant`: no money moves, success is certain."""

    code: str
    title: str | Promise
    text: str | Promise
    instant: bool
    # How it takes money without the buyer at the screen; None when it cannot.
    mandates: Mandates | None

    def page_url(self, request: PageRequest, *, now: datetime) -> str:
        """The address that the buyer's browser is sent to. Makes no call."""
        ...

    def read_notice(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> Told:
        """Verify and read an inbound notice. Raises NotBelieved."""
        ...

    def reply(self, *, done: bool) -> tuple[str, str]:
        """Body and content type that tell the provider whether to send the notice again."""
        ...

    def query(self, number: str, *, now: datetime) -> Answer:
        """Ask where a payment stands."""
        ...

    def close(self, number: str, *, now: datetime) -> Answer:
        """Ask that a payment can no longer be made; SUCCEEDED when the money is already there."""
        ...

    def refund(self, request: RefundRequest, *, now: datetime) -> RefundAnswer:
        """Ask for money to go back. The same refund number has its effect once."""
        ...

    def query_refund(self, refund_number: str, *, now: datetime) -> RefundAnswer:
        """Ask where a refund stands."""
        ...

    def bill(self, day: date, *, now: datetime) -> Fetched:
        """The provider's bill of a day (Asia/Shanghai), raw and read; refunds are negative.

        Raises core.reconciliation.values.Unavailable.
        """
        ...

    def read_bill(self, raw: bytes) -> Fetched:
        """Read a bill that a person downloaded. Raises Unavailable when it is no bill."""
        ...

    def fee_minor(self, amount_minor: int) -> int | None:
        """The agreed fee of a payment in minor units; None when none is agreed on."""
        ...
