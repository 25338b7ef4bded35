"""Mandates (代扣): a buyer allows us to take money later, up to a limit, until somebody ends it.

A charge under a mandate is an ordinary payment with a number of its own: notices, questions, closing,
refunds and the daily bill know nothing else. Only who starts it differs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from orders.payments.standing import Standing


class Agreement(StrEnum):
    """Where a mandate stands at the provider. Whatever is not listed is UNKNOWN."""

    PENDING = "pending"
    SIGNED = "signed"
    REFUSED = "refused"
    ENDED = "ended"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Failure(StrEnum):
    """Why a charge definitely took no money."""

    NONE = ""
    FUNDS = "funds"
    LIMIT = "limit"
    MANDATE = "mandate"
    CLOSED = "closed"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class MandateRequest:
    """What the buyer is asked to allow: charges of at most `limit_minor` (minor units) each."""

    number: str
    limit_minor: int
    currency: str
    subject: str
    notify_url: str
    return_url: str
    expires_at: datetime
    language: str


@dataclass(frozen=True, slots=True)
class MandateAnswer:
    """The provider's answer about a mandate; the limit is compared with ours by the caller."""

    standing: Agreement
    limit_minor: int | None = None
    currency: str = ""
    agreement: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class ChargeRequest:
    """A charge of `amount_minor` (minor units) under the mandate of that number of ours."""

    number: str
    mandate: str
    amount_minor: int
    currency: str
    subject: str
    notify_url: str


@dataclass(frozen=True, slots=True)
class ChargeAnswer:
    """What became of a charge. CLOSED is definite: no money by this number, and `failure` why."""

    standing: Standing
    amount_minor: int | None = None
    currency: str = ""
    txn: str = ""
    failure: Failure = Failure.NONE
    why: str = ""


class Mandates(Protocol):
    """What a provider that can take money by mandate offers beside its payments."""

    def page_url(self, request: MandateRequest, *, now: datetime) -> str:
        """The address where the buyer signs or refuses. Makes no call."""
        ...

    def query(self, number: str, *, now: datetime) -> MandateAnswer:
        """Ask where a mandate stands."""
        ...

    def end(self, number: str, *, now: datetime) -> MandateAnswer:
        """Ask that nothing can be charged any more; repeating is harmless."""
        ...

    def charge(self, request: ChargeRequest, *, now: datetime) -> ChargeAnswer:
        """Take money. The same number has its effect once, and is answered alike."""
        ...

    def read_notice(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> str:
        """The number of the mandate that a genuine notice is about. Raises NotBelieved.

        A notice is a hint to ask: what it says is not acted upon.
        """
        ...
