"""A merchant's money as the merchant sees it: positive is owed to them. Minor units throughout."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet, Sum
from django.utils.functional import Promise

from core import ledger
from fulfillment.models import Merchant, PayeeKind, Payout, PayoutState, Redemption
from fulfillment.queries.account import Account, Entry, account
from fulfillment.queries.naming import names_of
from fulfillment.settling import account_of

USE, PAYOUT = "redemption:", "payout."
CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Standing:
    """What a merchant has to come at this moment, what is on its way, and what was paid in all."""

    owed_minor: int
    under_way_minor: int
    paid_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of a merchant's statement. A use names its store and the end of its voucher."""

    at: datetime
    title: str | Promise
    number: str
    store: str
    what: str
    amount_minor: int
    balance_minor: int


def standing(merchant: Merchant, *, currency: str = "CNY") -> Standing:
    """The figures at the top of a merchant's page."""
    rows = Payout.objects.filter(
        kind=PayeeKind.MERCHANT, payee=merchant.code, currency=currency
    ).values_list("state")
    sums = dict(rows.order_by("state").annotate(minor=Sum("amount_minor")))
    owed = -ledger.balance(account_of(PayeeKind.MERCHANT, merchant.code), currency)
    return Standing(
        owed, sums.get(PayoutState.APPROVED, 0), sums.get(PayoutState.PAID, 0), currency
    )


def payouts_to(merchant: Merchant) -> QuerySet[Payout]:
    """What was agreed on for a merchant, newest first; proposals are the house's own business."""
    told = [PayoutState.APPROVED, PayoutState.PAID, PayoutState.FAILED]
    mine = Payout.objects.filter(kind=PayeeKind.MERCHANT, payee=merchant.code, state__in=told)
    return mine.order_by("-id")


def merchant_account(
    merchant: Merchant, *, start: datetime, end: datetime, currency: str = "CNY"
) -> Account:
    """The account in [start, end), signs turned round. Raises fulfillment.queries.account.TooLong."""
    found = account(PayeeKind.MERCHANT, merchant.code, start=start, end=end, currency=currency)
    turned = [
        Entry(row.at, row.kind, row.key, row.subject, -row.amount_minor, -row.balance_minor)
        for row in found.entries
    ]
    return Account(-found.opening_minor, turned, 0)


def movements(entries: Sequence[Entry], *, english: bool) -> Iterator[Movement]:
    """Movements with what a merchant knows them by. A buyer's order number is not theirs to see."""
    for at in range(0, len(entries), CHUNK):
        some = entries[at : at + CHUNK]
        uses = _uses([row.key.removeprefix(USE) for row in some if row.key.startswith(USE)])
        for row in some:
            yield _movement(row, uses.get(row.key.removeprefix(USE)), english=english)


def _uses(numbers: Sequence[str]) -> dict[str, Redemption]:
    rows = Redemption.objects.filter(public_id__in=numbers)
    return {row.public_id: row for row in rows.select_related("store", "voucher", "entitlement")}


def _movement(row: Entry, use: Redemption | None, *, english: bool) -> Movement:
    figures = {"amount_minor": row.amount_minor, "balance_minor": row.balance_minor}
    if use is None:
        number = row.subject if row.kind.startswith(PAYOUT) else ""
        return Movement(row.at, row.title, number, "", "", **figures)
    title = names_of(use.entitlement.sku_id)[english]
    return Movement(
        row.at, row.title, use.public_id, use.store.name_en if english else use.store.name,
        f"{title} {use.voucher.masked}", **figures,
    )  # fmt: skip
