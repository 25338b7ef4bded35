"""What this floor adds to runs 3 and 4: orders beside deliveries, and what we owe to buyers."""

from django.utils.translation import gettext_lazy as _

from core.models import BreakKind
from core.reconciliation.checks import Check
from fulfillment.reconciliation import books, goods

# Every unit of a paid line has its delivery, and the line counts those that arrived.
UNITS = """
with counted as (
    select l.id, l.public_id, o.public_id as "order", o.state, l.quantity, l.delivered, l.currency,
        count(d.id) as opened,
        count(d.id) filter (where d.state = 'delivered' and not exists (
            select 1 from orders_refundline x join orders_refund r on r.id = x.refund_id
            where x.delivery = d.public_id and r.kind = 'delivered')) as arrived,
        l.gone
    from orders_orderline l join orders_order o on o.id = l.order_id
    left join fulfillment_delivery d on d.reference = o.public_id and d.line = l.public_id
    where o.paid_at >= %(start)s and o.paid_at < %(end)s
      and o.state in ('fulfilling', 'delivered', 'partially_delivered', 'failed', 'refunded')
    group by l.id, o.id)
select public_id, "order",
    jsonb_build_object('count', delivered, 'state', state, 'subject', "order"),
    jsonb_build_object('count', arrived), 0, currency
from counted
where delivered <> arrived or (opened <> quantity and not (opened = 0 and gone = quantity))
"""
PAID_LINES = """
select count(*) from orders_orderline l join orders_order o on o.id = l.order_id
where o.paid_at >= %(start)s and o.paid_at < %(end)s
"""
# An order that is over owes nothing; one that is open owes its units that have not come.
OBLIGATION = """
with owed as (
    select subject, currency, -sum(amount) as minor from core_posting
    where account_id = 'order_obligation' group by 1, 2 having sum(amount) <> 0),
paid as (
    select o.id, o.public_id, o.state, o.total_minor, p.currency from orders_order o
    join orders_payment p on p.order_id = o.id and p.applied and o.total_minor > 0
    where o.state in ('paid', 'review', 'waiting_stock', 'fulfilling', 'failed', 'partially_delivered')),
due as (
    select paid.public_id, paid.currency, paid.state, paid.total_minor
        - coalesce((select sum(l.paid_minor / l.quantity
                + case when d.unit <= l.paid_minor %% l.quantity then 1 else 0 end)
            from orders_orderline l join fulfillment_delivery d
                on d.reference = paid.public_id and d.line = l.public_id
            where l.order_id = paid.id and exists (
                select 1 from core_journal j where j.key = 'unit.delivered:' || d.public_id)), 0)
        - coalesce((select sum(r.amount_minor + r.balance_minor) from orders_refund r
            where r.order_id = paid.id and r.state <> 'rejected'
              and r.source_account = 'order_obligation'), 0) as minor
    from paid)
select coalesce(due.public_id, owed.subject), coalesce(due.public_id, owed.subject),
    jsonb_build_object('booked_minor', coalesce(owed.minor, 0), 'subject', coalesce(due.public_id, owed.subject)),
    jsonb_build_object('balance_minor', coalesce(due.minor, 0), 'state', coalesce(due.state, 'over')),
    coalesce(due.minor, 0) - coalesce(owed.minor, 0), coalesce(due.currency, owed.currency)
from due full join owed on owed.subject = due.public_id and owed.currency = due.currency
where coalesce(due.minor, 0) <> coalesce(owed.minor, 0)
  and not exists (select 1 from core_outboxevent e where e.done_at is null and e.dead_at is null
      and e.payload ->> 'reference' = coalesce(due.public_id, owed.subject))
"""
OPEN_ORDERS = """
select count(*) from orders_order
where state in ('paid', 'review', 'waiting_stock', 'fulfilling', 'failed', 'partially_delivered')
"""
REFUNDS = """
with owed as (
    select subject, currency, -sum(amount) as minor from core_posting
    where account_id = 'refund_payable' group by 1, 2 having sum(amount) <> 0),
due as (
    select o.public_id, r.currency, sum(r.amount_minor) as minor
    from orders_refund r join orders_order o on o.id = r.order_id
    where r.state not in ('rejected', 'succeeded') and r.amount_minor > 0 group by 1, 2)
select coalesce(due.public_id, owed.subject), coalesce(due.public_id, owed.subject),
    jsonb_build_object('booked_minor', coalesce(owed.minor, 0), 'subject', coalesce(due.public_id, owed.subject)),
    jsonb_build_object('balance_minor', coalesce(due.minor, 0)),
    coalesce(due.minor, 0) - coalesce(owed.minor, 0), coalesce(due.currency, owed.currency)
from due full join owed on owed.subject = due.public_id and owed.currency = due.currency
where coalesce(due.minor, 0) <> coalesce(owed.minor, 0)
"""
OPEN_REFUNDS = "select count(*) from orders_refund where state not in ('rejected', 'succeeded')"
# What stands at a provider: received and not sent back, set aside, less fees; and corrections.
# What was paid on account is carried on to the account's own holder at once, and counted there.
CLEARING = """
with booked as (
    select split_part(p.account_id, ':', 2) as provider, p.currency, sum(p.amount) as minor
    from core_posting p join core_journal j on j.id = p.journal_id
    where p.account_id like 'psp_clearing:%%' and j.kind not in ('correction', 'account.charged', 'account.credited')
    group by 1, 2),
moved as (
    select provider, currency, sum(minor) as minor from (
        select provider, currency, amount_minor as minor from orders_payment
            where state = 'succeeded'
        union all
        select p.provider, r.currency, -r.amount_minor from orders_refund r
            join orders_payment p on p.id = r.payment_id where r.state = 'succeeded'
        union all
        select n.provider, l.currency, l.amount from core_journal j
            join orders_notice n on j.key in ('aside:' || n.public_id, 'aside.ended:' || n.public_id)
            join core_posting l on l.journal_id = j.id and l.account_id = 'psp_clearing:' || n.provider
            where j.kind in ('payment.aside', 'payment.aside_ended')
        union all
        select split_part(subject, ':', 1), f.currency, -f.amount from core_posting f
            join core_journal j on j.id = f.journal_id
            where f.account_id = 'psp_fee' and j.kind = 'psp.fees') every
    group by 1, 2)
select coalesce(m.provider, b.provider), coalesce(m.provider, b.provider),
    jsonb_build_object('booked_minor', coalesce(b.minor, 0)),
    jsonb_build_object('balance_minor', coalesce(m.minor, 0)),
    coalesce(m.minor, 0) - coalesce(b.minor, 0), coalesce(m.currency, b.currency)
from moved m full join booked b on b.provider = m.provider and b.currency = m.currency
where coalesce(m.minor, 0) <> coalesce(b.minor, 0)
"""
PROVIDERS = "select count(distinct provider) from orders_payment where amount_minor > 0"


def register() -> None:
    """Called once when the app is ready."""
    goods.RUN.checks.register(
        "goods:orders",
        Check(
            _("Orders and their deliveries"), "order", UNITS, PAID_LINES, kind=BreakKind.STATE,
            next_step=_("Open the trace: a unit was delivered and not counted, or counted and not delivered."),
        ),
    )  # fmt: skip
    for code, title, what, sql, count in (
        ("ledger:obligation", _("Goods owed to buyers"), "order", OBLIGATION, OPEN_ORDERS),
        ("ledger:refunds", _("Refunds owed to buyers"), "refund", REFUNDS, OPEN_REFUNDS),
        ("ledger:clearing", _("Money at payment providers"), "provider", CLEARING, PROVIDERS),
    ):
        books.RUN.checks.register(code, Check(title, what, sql, count))
