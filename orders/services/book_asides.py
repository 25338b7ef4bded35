"""Money that was set aside enters the ledger when it comes and leaves it when two persons settle it.

The notices themselves are the queue: a notice that waits for people has its journal, one that was
settled has the journal that ends it. Each journal is keyed by its notice, so it is posted once.
"""

import json
from datetime import datetime

import structlog
from django.db import connection

from core.each import each
from core.models import Journal, Posting
from core.reconciliation.turn import take_turn
from core.tx import step
from orders import postings
from orders.models import Notice
from orders.models.notice import Verdict
from orders.payments import registry
from orders.payments.base import NotBelieved

log = structlog.get_logger(__name__)

#: Said by the provider under a good signature about our own merchant account. A transaction that
#: pays another payment of ours is in the books already.
BOOKED = (
    Verdict.WRONG_AMOUNT, Verdict.WRONG_CURRENCY, Verdict.SECOND_TXN, Verdict.UNKNOWN_NUMBER,
    Verdict.WRONG_PROVIDER,
)  # fmt: skip
TO_BOOK = """
select n.id from orders_notice n
where n.outcome = 'quarantined' and n.verified and n.amount_minor > 0 and n.verdict = any(%s)
  and not exists (select 1 from core_journal j where j.key = 'aside:' || n.public_id)
  and (n.provider_txn = '' or not exists (
      select 1 from orders_payment p
      where p.provider = n.provider and p.provider_txn = n.provider_txn and p.state = 'succeeded'))
  and (n.provider_txn = '' or not exists (
      select 1 from orders_notice o join core_journal k on k.key = 'aside:' || o.public_id
      where o.provider = n.provider and o.provider_txn = n.provider_txn))
order by n.id limit %s
"""
TO_END = """
select n.id from (
    select id, public_id from orders_notice where outcome = 'settled'
    union all
    select q.id, q.public_id from orders_notice q
    join orders_payment p on p.provider = q.provider and p.provider_txn = q.provider_txn
        and p.state = 'succeeded'
    where q.outcome = 'quarantined' and q.provider_txn <> '') n
where exists (select 1 from core_journal j where j.key = 'aside:' || n.public_id)
  and not exists (select 1 from core_journal e where e.key = 'aside.ended:' || n.public_id)
order by n.id limit %s
"""


def book_asides(*, now: datetime, limit: int = 50) -> int:
    """Post what is missing, both ways. Returns how many journals were tried."""
    with connection.cursor() as cursor:
        cursor.execute(TO_BOOK, [[str(verdict) for verdict in BOOKED], limit])
        to_book = [pk for (pk,) in cursor.fetchall()]
        cursor.execute(TO_END, [limit])
        to_end = [pk for (pk,) in cursor.fetchall()]
    booked = each(lambda pk: book_aside(notice=pk, now=now), to_book, name="book_aside")
    return booked + each(lambda pk: end_aside(notice=pk, now=now), to_end, name="end_aside")


@step()
def book_aside(*, notice: int, now: datetime) -> bool:
    """The provider holds this money for us, and it is not ours. False when it was booked before."""
    row = _locked(notice)
    if row.provider_txn and _told_before(row):
        return False
    currency = _currency(row, now)
    if row.amount_minor is None or not currency:
        log.error("aside_without_currency", notice=row.public_id)
        return False
    entry = postings.set_aside(
        notice=row.public_id, provider=row.provider, subject=_subject(row),
        amount_minor=row.amount_minor, currency=currency,
    )  # fmt: skip
    return postings.post(entry, now=now, note=row.verdict)


@step()
def end_aside(*, notice: int, now: datetime) -> bool:
    """Take it out of the books again, exactly as it came in."""
    row = _locked(notice)
    came = Posting.objects.get(
        journal__key=f"aside:{row.public_id}", account_id=f"{postings.CLEARING}:{row.provider}"
    )
    entry = postings.aside_ended(
        notice=row.public_id, provider=row.provider, subject=came.subject,
        amount_minor=came.amount, currency=came.currency,
    )  # fmt: skip
    return postings.post(entry, now=now, note=row.outcome)


def _told_before(row: Notice) -> bool:
    """Whether the same transaction was set aside by another notice: one money, told twice."""
    take_turn(f"aside:{row.provider}:{row.provider_txn}")
    same = Notice.objects.filter(provider=row.provider, provider_txn=row.provider_txn)
    keys = [f"aside:{each}" for each in same.values_list("public_id", flat=True)]
    return Journal.objects.filter(key__in=keys).exists()


def _locked(pk: int) -> Notice:
    return Notice.objects.select_for_update(of=("self",)).select_related("payment").get(pk=pk)


def _subject(row: Notice) -> str:
    """The order, when there is one: its trace shows the money."""
    return row.payment.order.public_id if row.payment else row.public_id


def _currency(row: Notice, now: datetime) -> str:
    """What the kept message says; the row itself has no column for it."""
    if row.verdict == Verdict.WRONG_AMOUNT and row.payment:
        return row.payment.currency
    body = bytes(row.body)
    try:
        said = json.loads(body)
        if isinstance(said, dict) and "amount_minor" in said and "txn" in said:
            return str(said.get("currency") or "")[:3]
    except ValueError:
        pass
    try:
        return registry.get(row.provider).read_notice(body, row.headers, now=now).currency[:3]
    except (NotBelieved, KeyError):
        return row.payment.currency if row.payment else ""
