"""Run 4: the ledger beside its sub-ledgers, as they stand at the moment of the run.

Floors above add what they owe to buyers. The supplier's own balance is asked for outside any
transaction, and not compared while a purchase is under way.
"""

from collections.abc import Sequence
from datetime import date, datetime

from django.utils.translation import gettext as text_of
from django.utils.translation import gettext_lazy as _

from core import ledger
from core.ledger import Line
from core.models import BreakKind, Difference
from core.reconciliation.checks import Check, CheckRun
from core.reconciliation.differences import Correction
from core.reconciliation.runs import Party
from core.reconciliation.values import Break, Result
from fulfillment import postings
from fulfillment.models import Attempt, Supplier, SupplierTerms
from fulfillment.services.settlement.settle_consigned import settle_consigned
from fulfillment.services.suppliers.connect_supplier import NotReady, connect_supplier
from fulfillment.states import OPEN_ATTEMPT, SupplierState
from fulfillment.suppliers.registry import NoSuchDialect

STOCK = """
select coalesce(p.currency, s.currency), '', jsonb_build_object('booked_minor', coalesce(p.booked, 0)),
    jsonb_build_object('balance_minor', coalesce(s.counted, 0)),
    coalesce(s.counted, 0) - coalesce(p.booked, 0), coalesce(p.currency, s.currency)
from (select currency, sum(amount) as booked from core_posting
      where account_id = 'code_inventory' group by 1) p
full join (select b.currency, sum(b.cost_minor) as counted from fulfillment_code c
      join fulfillment_codebatch b on b.id = c.batch_id
      where c.state in ('available', 'held', 'quarantined', 'consigned') group by 1) s on s.currency = p.currency
where coalesce(p.booked, 0) <> coalesce(s.counted, 0)
"""
IN_STOCK = "select count(*) from fulfillment_code where state in ('available', 'held', 'quarantined', 'consigned')"
# Set aside for purchases that are over: too much is forgotten money, too little was taken unasked.
UNDER_WAY = """
select p.subject, p.subject, jsonb_build_object('booked_minor', sum(p.amount), 'subject', p.subject),
    jsonb_build_object('balance_minor', 0), -sum(p.amount), p.currency
from core_posting p
where p.account_id like 'supplier_suspense:%%' and not exists (
    select 1 from fulfillment_delivery d
    left join fulfillment_attempt a on a.delivery_id = d.id and a.state in ('sent', 'accepted', 'unknown')
    left join fulfillment_manualcase m on m.delivery_id = d.id and m.state <> 'resolved'
    where d.reference = p.subject and (a.id is not null or m.id is not null))
group by p.subject, p.account_id, p.currency having sum(p.amount) <> 0
"""
ATTEMPTS_OPEN = (
    "select count(*) from fulfillment_attempt where state in ('sent', 'accepted', 'unknown')"
)
# What merchants are owed: shares of uses that stand, less what was paid out or is on its way.
MERCHANTS = """
select m.code, m.code, jsonb_build_object('booked_minor', coalesce(l.owed, 0)),
    jsonb_build_object('balance_minor', coalesce(r.owed, 0) - coalesce(o.paid, 0)),
    coalesce(r.owed, 0) - coalesce(o.paid, 0) - coalesce(l.owed, 0),
    coalesce(l.currency, r.currency, 'CNY')
from fulfillment_merchant m
left join (select account_id, currency, -sum(amount) as owed from core_posting
    where account_id like 'merchant_payable:%%' group by 1, 2) l
    on l.account_id = 'merchant_payable:' || m.code
left join (select merchant_id, currency,
        sum(case kind when 'use' then share_minor else -share_minor end) as owed
    from fulfillment_redemption group by 1, 2) r
    on r.merchant_id = m.id and (l.currency is null or r.currency = l.currency)
left join (select payee, currency, sum(amount_minor) as paid from fulfillment_payout
    where kind = 'merchant' and state in ('approved', 'paid') group by 1, 2) o
    on o.payee = m.code and (l.currency is null or o.currency = l.currency)
where coalesce(r.owed, 0) - coalesce(o.paid, 0) <> coalesce(l.owed, 0)
"""
ALL_MERCHANTS = "select count(*) from fulfillment_merchant"


def _stock_corrections(difference: Difference) -> Sequence[Correction]:
    delta, currency = difference.delta_minor, difference.currency
    legs = (
        Line(postings.INVENTORY, delta, difference.public_id, currency),
        Line("writeoff", -delta, difference.public_id, currency),
    )
    return (Correction("stock", _("Bring the ledger to what is in stock"), legs),)


# Consigned goods in the books are those still in stock; what was sold is settled before it is compared.
CONSIGNED = """
select coalesce(l.code, c.code), coalesce(l.code, c.code),
    jsonb_build_object('booked_minor', coalesce(l.minor, 0)),
    jsonb_build_object('balance_minor', coalesce(c.minor, 0)),
    coalesce(c.minor, 0) - coalesce(l.minor, 0), coalesce(l.currency, c.currency)
from (select split_part(account_id, ':', 2) as code, currency, -sum(amount) as minor
      from core_posting where account_id like 'consigned_goods:%%' group by 1, 2) l
full join (select s.code, b.currency, sum(b.cost_minor) as minor from fulfillment_code k
      join fulfillment_codebatch b on b.id = k.batch_id and b.paid_from = 'consign'
      join fulfillment_supplier s on s.id = b.supplier_id
      where k.state not in ('sold', 'void', 'expired') group by 1, 2) c
    on c.code = l.code and c.currency = l.currency
where coalesce(c.minor, 0) <> coalesce(l.minor, 0)
"""
CONSIGNED_BATCHES = "select count(*) from fulfillment_codebatch where paid_from = 'consign'"


class BooksRun(CheckRun):
    """Checks in SQL, and one party for each supplier that can tell our balance."""

    def parties(self) -> Sequence[Party]:
        return [*super().parties(), *(_balance_party(each) for each in _askable())]

    def compare(self, party: str, day: date, *, now: datetime) -> Result:
        if party == "ledger:consigned":
            settle_consigned(now=now)
        if not party.startswith("balance:"):
            return super().compare(party, day, now=now)
        return compare_balance(Supplier.objects.get(code=party.partition(":")[2]), now=now)

    def corrections(self, difference: Difference) -> Sequence[Correction]:
        if not difference.comparison.party.startswith("balance:"):
            return super().corrections(difference)
        supplier = Supplier.objects.get(code=difference.comparison.party.partition(":")[2])
        delta, currency = difference.delta_minor, difference.currency
        legs = (
            Line(postings.account_with(supplier), delta, difference.public_id, currency),
            Line(postings.LOSS, -delta, difference.public_id, currency),
        )
        return (Correction("balance", _("Take over their balance"), legs),)

    def next_step(self, difference: Difference) -> str:
        if not difference.comparison.party.startswith("balance:"):
            return str(super().next_step(difference))
        return text_of("Look at the supplier's statements first: a line there usually explains it.")


def _askable() -> Sequence[Supplier]:
    wanted = Supplier.objects.filter(state=SupplierState.ON, terms=SupplierTerms.PREPAID)
    return list(wanted.exclude(dialect="").order_by("code"))


def _balance_party(supplier: Supplier) -> Party:
    return Party(f"balance:{supplier.code}", _("Balance at %(name)s") % {"name": supplier.name})


def compare_balance(supplier: Supplier, *, now: datetime) -> Result:
    """What they say we have there beside what our books say. Skipped while anything is under way."""
    before = _state(supplier)
    try:
        link = connect_supplier(supplier)
        theirs = link.adapter.balance(link.connection, now=now)
    except (NotReady, NoSuchDialect) as error:
        return Result(skipped=str(error) or "not connected")
    if theirs.problem:
        return Result(skipped=theirs.problem)
    if before is None or _state(supplier) != before:
        return Result(skipped=text_of("Purchases are under way; it is compared at a quiet moment."))
    result = Result(theirs_count=1, ours_count=1)
    result.add(theirs.currency, "theirs", theirs.minor)
    result.add(supplier.currency, "ours", before)
    if (theirs.minor, theirs.currency) == (before, supplier.currency):
        result.matched = 1
        return result
    result.add(theirs.currency, "disputed", abs(theirs.minor - before))
    result.breaks.append(
        Break(
            BreakKind.BALANCE, "balance", subject=supplier.code, currency=supplier.currency,
            delta_minor=theirs.minor - before,
            theirs={"balance_minor": theirs.minor, "currency": theirs.currency},
            ours={"balance_minor": before, "currency": supplier.currency},
        )
    )  # fmt: skip
    return result


def _state(supplier: Supplier) -> int | None:
    """Our balance there; None while an attempt is open, for then nobody knows."""
    if Attempt.objects.filter(supplier=supplier, state__in=OPEN_ATTEMPT).exists():
        return None
    heads = (postings.PREPAID, postings.SUSPENSE)
    return sum(ledger.balance(f"{head}:{supplier.code}", supplier.currency) for head in heads)


RUN = BooksRun("ledger", _("The ledger and what it sums up"))
RUN.checks.register(
    "ledger:stock",
    Check(
        _("Codes in stock, at cost"), "stock", STOCK, IN_STOCK, corrections=_stock_corrections,
        next_step=_("Look for an import or write-off without its journal; then correct."),
    ),
)  # fmt: skip
RUN.checks.register(
    "ledger:under_way",
    Check(_("Money set aside for purchases"), "order", UNDER_WAY, ATTEMPTS_OPEN),
)
RUN.checks.register(
    "ledger:consigned",
    Check(
        _("Goods in stock that are suppliers' until sold"), "supplier", CONSIGNED, CONSIGNED_BATCHES
    ),
)
RUN.checks.register(
    "ledger:merchants",
    Check(_("Owed to merchants for redemptions"), "merchant", MERCHANTS, ALL_MERCHANTS),
)
