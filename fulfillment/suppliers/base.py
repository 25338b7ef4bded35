"""What every supplier adapter speaks: requests in, verdicts out (reliability.md 2.3 and 2.4).

An adapter never writes the database and never raises for a business outcome. Whatever it cannot
prove is ``UNKNOWN``: the caller may only ask again with the same number.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol

from fulfillment.suppliers.lists import CatalogPage, Statement
from fulfillment.suppliers.options import Option


class Verdict(StrEnum):
    """The whole vocabulary of outcomes. Unlisted means ``UNKNOWN`` (R-SUP-1)."""

    NOT_SENT = "not_sent"
    REJECTED = "rejected"
    ACCEPTED = "accepted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOT_FOUND = "not_found"
    REVERSED = "reversed"


#: Verdicts after which nothing was bought and nothing will be.
DEFINITE_NO = frozenset({Verdict.NOT_SENT, Verdict.REJECTED, Verdict.FAILED})


class Strength(StrEnum):
    """How far a callback may be believed without asking back."""

    NONE = "none"
    WEAK = "weak"
    STRONG = "strong"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a dialect can do. ``resend_safe``: the same number may be sent twice (R-SUP-2)."""

    kinds: frozenset[str]
    asynchronous: bool = True
    resend_safe: bool = False
    not_found_is_final: bool = False
    callback_strength: Strength = Strength.NONE
    price_guard: bool = False
    cancel: bool = False
    balance: bool = False
    catalog: bool = False
    statement: bool = False
    max_quantity: int = 1


@dataclass(frozen=True, slots=True)
class Connection:
    """Where and as whom to call. ``keys`` maps key id to secret; ``key_id`` signs.

    ``options`` is what this connection sets of the adapter's ``options``; nothing secret.
    """

    code: str
    base_url: str
    key_id: str
    keys: Mapping[str, str] = field(repr=False)
    callback_url: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def secret(self) -> bytes:
        """The secret that signs outgoing requests."""
        return self.keys[self.key_id].encode()


@dataclass(frozen=True, slots=True)
class Purchase:
    """One attempt as the supplier sees it. ``merchant_no`` is ours, never reused.

    ``max_cost_minor`` is the most we agree to pay for the whole purchase, in minor units.
    """

    merchant_no: str
    supplier_sku: str
    kind: str
    max_cost_minor: int
    currency: str = "CNY"
    quantity: int = 1
    account: str = field(default="", repr=False)
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class SuppliedCode:
    """A card as it came from the supplier; it goes straight into the vault."""

    number: str = field(repr=False)
    secret: str = field(repr=False)
    expires_on: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One reading of the supplier's word.

    ``code`` is the listed word of the dialect, ``problem`` our reason for not believing, and
    ``digest`` the SHA-256 of the raw body. ``cost_minor`` is what the supplier says it charged.
    ``trusted`` is false for anything whose signature was not verified. ``version`` is the
    supplier's own count of changes to the order, 0 when it has none.
    """

    verdict: Verdict
    supplier_no: str = ""
    cost_minor: int | None = None
    currency: str = "CNY"
    code: str = ""
    problem: str = ""
    digest: str = ""
    status: int = 0
    version: int = 0
    trusted: bool = False
    retry_after_seconds: int = 0
    codes: tuple[SuppliedCode, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Callback:
    """An inbound message: whose attempt it speaks of, what it says and how far to believe it."""

    merchant_no: str
    answer: Answer
    strength: Strength
    dedupe_key: str

    @property
    def verified(self) -> bool:
        """Whether the signature, key and freshness checks all passed."""
        return self.answer.trusted


@dataclass(frozen=True, slots=True)
class Balance:
    """The supplier's own figure of our prepaid money; ``problem`` when it could not be read."""

    minor: int = 0
    currency: str = "CNY"
    problem: str = ""
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The exact bytes with which a callback is answered."""

    status: int
    body: bytes
    content_type: str = "application/json"


class Adapter(Protocol):
    """One dialect. Stateless: everything it needs is passed in."""

    capabilities: Capabilities
    title: str
    options: Mapping[str, Option]

    def place(self, connection: Connection, purchase: Purchase, *, now: datetime) -> Answer:
        """Buy. Called once per merchant number, outside any transaction."""
        ...

    def query(self, connection: Connection, purchase: Purchase, *, now: datetime) -> Answer:
        """Ask what became of ``purchase.merchant_no``."""
        ...

    def balance(self, connection: Connection, *, now: datetime) -> Balance:
        """Read the prepaid balance."""
        ...

    def catalog(self, connection: Connection, *, cursor: str, now: datetime) -> CatalogPage:
        """One page of what the supplier sells; begin with an empty ``cursor``."""
        ...

    def statement(self, connection: Connection, *, day: date, now: datetime) -> Statement:
        """What the supplier says it charged and gave back on a day (Asia/Shanghai)."""
        ...

    def read_callback(
        self,
        connection: Connection,
        *,
        headers: Mapping[str, str],
        body: bytes,
        now: datetime,
        find: Callable[[str], Purchase | None],
    ) -> Callback:
        """Verify and read an inbound message; never raises, never believes by default.

        ``find`` gives the purchase of one of our numbers, so that a message about another
        product, account or currency under that number is not believed.
        """
        ...

    def acknowledge(self, connection: Connection, *, accepted: bool) -> Acknowledgement:
        """The reply that stops (``True``) or keeps (``False``) the supplier repeating."""
        ...
