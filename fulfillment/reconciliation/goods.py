"""Run 3: orders, deliveries and codes tell one story. Floors above add what they know of orders."""

from django.utils.translation import gettext_lazy as _

from core.models import BreakKind
from core.reconciliation.checks import Check, CheckRun

# Each statement is one snapshot: a sale that goes on meanwhile is in it wholly or not at all.
EVIDENCE = """
select d.public_id, d.public_id,
    jsonb_build_object('state', d.state, 'kind', d.kind, 'subject', d.public_id),
    jsonb_build_object('count', 0), 0, d.currency
from fulfillment_delivery d
where d.delivered_at >= %(start)s and d.delivered_at < %(end)s and d.state = 'delivered'
  and d.kind in ('pool', 'topup', 'manual')
  and not exists (select 1 from fulfillment_codeissue i where i.delivery_id = d.id)
  and not exists (select 1 from fulfillment_attempt a where a.delivery_id = d.id
                  and a.state in ('succeeded', 'reversed'))
  and not exists (select 1 from core_approval v where v.public_id = d.approval
                  and v.executed_at is not null)
"""
DELIVERED = """
select count(*) from fulfillment_delivery
where delivered_at >= %(start)s and delivered_at < %(end)s
"""
# A code is sold exactly when it was issued, and what it was issued to is delivered or taken back.
ISSUED = """
select coalesce(c.id::text, ''), coalesce(d.public_id, ''),
    jsonb_build_object('state', coalesce(c.state, 'none'), 'subject', coalesce(d.public_id, '')),
    jsonb_build_object('state', coalesce(d.state, 'none'), 'count', case when i.id is null then 0 else 1 end),
    0, coalesce(d.currency, 'CNY')
from fulfillment_codeissue i
full join (select * from fulfillment_code where sold_at >= %(start)s and sold_at < %(end)s) c
    on c.id = i.code_id
left join fulfillment_delivery d on d.id = i.delivery_id
where (c.id is not null and i.id is null)
   or (i.at >= %(start)s and i.at < %(end)s
       and (d.state not in ('delivered', 'revoked', 'manual') or not exists (
            select 1 from fulfillment_code k where k.id = i.code_id and k.state = 'sold')))
"""
SOLD = "select count(*) from fulfillment_code where sold_at >= %(start)s and sold_at < %(end)s"
# Per batch: what came in is free, held, sold, set aside, void or expired.
BATCHES = """
select b.public_id, b.public_id,
    jsonb_build_object('count', b.accepted, 'subject', b.public_id),
    jsonb_build_object('count', coalesce(n.codes, 0)),
    (coalesce(n.codes, 0) - b.accepted) * b.cost_minor, b.currency
from fulfillment_codebatch b
left join (select batch_id, count(*) as codes from fulfillment_code group by 1) n
    on n.batch_id = b.id
where not b.dry_run and coalesce(n.codes, 0) <> b.accepted
"""
ALL_BATCHES = "select count(*) from fulfillment_codebatch where not dry_run"

RUN = CheckRun("goods", _("Orders, deliveries and codes"))
RUN.checks.register(
    "goods:evidence",
    Check(
        _("Deliveries and what proves them"), "delivery", EVIDENCE, DELIVERED,
        kind=BreakKind.MISSING_THEIRS,
        next_step=_("Open the trace: nothing shows what was handed over. Ask the buyer, then settle it."),
    ),
)  # fmt: skip
RUN.checks.register(
    "goods:codes",
    Check(
        _("Codes sold and codes issued"), "code", ISSUED, SOLD, kind=BreakKind.STATE,
        next_step=_("Take the code out of sale and open the trace of its delivery."),
    ),
)  # fmt: skip
RUN.checks.register(
    "goods:batches",
    Check(
        _("Batches and the codes that came of them"), "batch", BATCHES, ALL_BATCHES,
        kind=BreakKind.AMOUNT,
        next_step=_("Codes are missing from the vault, or there are too many: look at its import."),
    ),
)  # fmt: skip
