"""What exchange codes hang into the sockets of the floors below, and their invariants."""

from django.utils.translation import gettext_lazy as _

from accounts import acts
from core import approvals, audit, invariants
from core.health import QUEUES, Queue
from core.rotation import SEALED_COLUMNS, SealedColumn
from orders.services.exchange import export_exchange, open_batch

# id, title, statement.
STATEMENTS = [
    (
        "INV-EX1", "a used code is one exchange",
        """select c.id, e.public_id from orders_exchangecode c
           left join orders_exchange e on e.code_id = c.id
           where (c.used_at is not null) <> (e.id is not null) or e.batch_id <> c.batch_id""",
    ),
    (
        "INV-EX2", "a batch has the codes it says it has",
        """select b.public_id, b.made, count(c.id) from orders_exchangebatch b
           left join orders_exchangecode c on c.batch_id = b.id
           group by b.id, b.public_id, b.made having b.made <> count(c.id)""",
    ),
    (
        "INV-EX3", "what was redeemed is handed over or on its way",
        """select e.public_id, e.result from orders_exchange e
           join orders_exchangebatch b on b.id = e.batch_id
           where e.state = 'done' and b.kind = 'goods' and not exists (
               select 1 from orders_order o where o.public_id = e.result and o.total_minor = 0
                 and o.owner = e.owner and o.state not in ('pending_payment', 'closed'))
           union all
           select e.public_id, 'late' from orders_exchange e where e.state = 'waiting'
             and e.created_at <= %(now)s::timestamptz - make_interval(secs => 259200 * %(grace)s::float)""",
    ),
    (
        "INV-EX4", "no batch gave more than two persons agreed to",
        """select b.public_id, b.cost_minor * b.size, c.used from orders_exchangebatch b
           join core_limitcount c on c.key = 'promo:' || b.public_id || ':subsidy'
           where c.used > b.cost_minor * b.size""",
    ),
]  # fmt: skip

for _id, _title, _sql in STATEMENTS:
    invariants.register(_id, _title, _sql)


def register() -> None:
    """Called once, when every floor below is loaded."""
    acts.register(open_batch.ACT, _("Set up and freeze exchange codes"), roles=("operator",))
    approvals.executor(open_batch.ACTION, act=open_batch.ACT, title=_("Make exchange codes"))(
        open_batch.carry_out
    )
    approvals.executor(
        export_exchange.ACTION, act=export_exchange.ACT, title=_("Export exchange codes")
    )(export_exchange.carry_out)
    audit.declare(open_batch.OPENED, "A batch of exchange codes was agreed to by two persons")
    audit.declare(open_batch.SET_UP, "A batch of exchange codes was set up")
    audit.declare(open_batch.CHANGED, "A batch of exchange codes was frozen, thawed or ended")
    audit.declare(export_exchange.EXPORTED, "Exchange codes were handed out as a file")
    columns = {
        "orders.ExchangeCode": "sealed",
        "orders.Exchange": "contact_sealed",
    }
    for model, field in columns.items():
        column = SealedColumn(model, field, lambda row: row.context)
        SEALED_COLUMNS.register(f"{model}.{field}", column)
    QUEUES.register(
        "orders.exchanges",
        Queue(
            _("Redeemed codes on their way"),
            "select count(*), min(created_at) from orders_exchange where state = 'waiting'",
            late_seconds=3600,
        ),
    )
