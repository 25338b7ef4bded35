"""Double entry in integer minor units, append-only, one journal per business event.

Debit is positive, credit negative; a journal sums to zero per currency (checked here and again by
a deferred trigger at commit). Only accounts with a floor have a balance row; the others are
summed from their postings by `subject`. A correction is a new journal (R-LED).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from django.utils.functional import Promise

from core.models.ledger import AccountBalance, Posting
from core.sockets import Socket
from core.tx import on_commit, part

# PostgreSQL's name of the floor check, to tell it from other integrity errors.
FLOOR_CONSTRAINT = "core_balance_floor"
SIGN = {"asset": 1, "expense": 1, "liability": -1, "income": -1}


class Unbalanced(ValueError):
    """The lines do not sum to zero in some currency, or there are fewer than two."""


class FloorBreached(ValueError):
    """An account with a floor would fall below it; the transaction must be rolled back."""


class UnknownAccount(LookupError):
    """No chart row covers this account."""


@dataclass(frozen=True, slots=True)
class Line:
    """One leg: `amount` in minor units of `currency`, debit positive, credit negative."""

    account: str
    amount: int
    subject: str = ""
    currency: str = "CNY"


@dataclass(frozen=True, slots=True)
class ChartRow:
    """A kind of account. `floor` (minor units on the account's own side) makes it balanced live."""

    kind: str
    title: str | Promise
    floor: int | None = None


# Keyed by the account's head: `supplier_prepaid` covers `supplier_prepaid:<code>`.
CHART: Socket[ChartRow] = Socket("chart of accounts")

_known: set[tuple[str, str]] = set()


def forget_accounts() -> None:
    """Forget which accounts exist (between tests)."""
    _known.clear()


@part
def ensure_accounts(accounts: Iterable[tuple[str, str]]) -> None:
    """Open the (code, currency) pairs that do not exist yet. Costs nothing once they are known.

    Raises UnknownAccount when the chart has no row for one of them.
    """
    missing = sorted(set(accounts) - _known)
    if not missing:
        return
    with connection.cursor() as cursor:
        for code, currency in missing:
            row = CHART.find(code.partition(":")[0])
            if row is None:
                raise UnknownAccount(code)
            cursor.execute(
                "insert into core_ledgeraccount (code, kind, floored) values (%s, %s, %s)"
                " on conflict do nothing",
                [code, row.kind, row.floor is not None],
            )
            if row.floor is not None:
                cursor.execute(
                    "insert into core_accountbalance (account_id, currency, balance, sign, floor, version)"
                    " values (%s, %s, 0, %s, %s, 0) on conflict do nothing",
                    [code, currency, SIGN[row.kind], row.floor],
                )
    on_commit(lambda: _known.update(missing))


@part
def post(*, key: str, kind: str, lines: Sequence[Line], now: datetime, note: str = "") -> bool:
    """Post one journal under the event's `key`; False when that key was posted before.

    Lines of zero are dropped; a journal of nothing posts nothing and returns False.
    Raises Unbalanced, UnknownAccount, FloorBreached.
    """
    legs = [line for line in lines if line.amount]
    if not legs:
        return False
    _refuse_unbalanced(legs)
    ensure_accounts((leg.account, leg.currency) for leg in legs)
    if not _insert(key, kind, legs, now, note):
        return False
    _move_balances(legs)
    return True


def _refuse_unbalanced(legs: Sequence[Line]) -> None:
    sums: dict[str, int] = defaultdict(int)
    for leg in legs:
        sums[leg.currency] += leg.amount
    if len(legs) < 2 or any(sums.values()):  # noqa: PLR2004  double entry
        raise Unbalanced(f"journal does not balance: {dict(sums)}")


def _insert(key: str, kind: str, legs: Sequence[Line], now: datetime, note: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            """with journal as (
                insert into core_journal (key, kind, at, note) values (%s, %s, %s, %s)
                on conflict (key) do nothing returning id)
            insert into core_posting (journal_id, account_id, amount, currency, subject)
            select journal.id, leg.account, leg.amount, leg.currency, leg.subject
            from journal, unnest(%s::text[], %s::bigint[], %s::text[], %s::text[])
                as leg(account, amount, currency, subject)""",
            [
                key,
                kind,
                now,
                note,
                [leg.account for leg in legs],
                [leg.amount for leg in legs],
                [leg.currency for leg in legs],
                [leg.subject for leg in legs],
            ],
        )
        return bool(cursor.rowcount > 0)


def _move_balances(legs: Sequence[Line]) -> None:
    """Floored accounts in account order, so that two journals cannot wait for each other."""
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for leg in legs:
        row = CHART.find(leg.account.partition(":")[0])
        if row is not None and row.floor is not None:
            sums[leg.account, leg.currency] += leg.amount
    for (account, currency), amount in sorted(sums.items()):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    "update core_accountbalance set balance = balance + %s, version = version + 1"
                    " where account_id = %s and currency = %s",
                    [amount, account, currency],
                )
        except IntegrityError as error:
            if FLOOR_CONSTRAINT in str(error):
                raise FloorBreached(account) from error
            raise


def balance(code: str, currency: str = "CNY", *, subject: str | None = None) -> int:
    """Minor units on the account, debit positive; of one `subject` if given."""
    if subject is None:
        row = AccountBalance.objects.filter(account_id=code, currency=currency).first()
        if row is not None:
            return row.balance
    postings = Posting.objects.filter(account_id=code, currency=currency)
    if subject is not None:
        postings = postings.filter(subject=subject)
    return postings.aggregate(total=Sum("amount"))["total"] or 0
