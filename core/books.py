"""What core itself registers: the chart's own rows, its invariants, its switches."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core import approvals, audit, desk, health, invariants, ledger
from core.desk import Task
from core.health import Queue
from core.ledger import ChartRow
from core.reconciliation import differences
from core.reconciliation.invariants import STATEMENTS


def register() -> None:
    """Called once when the app is ready."""
    ledger.CHART.register("bank", ChartRow("asset", pgettext_lazy("ledger", "Bank")))
    ledger.CHART.register("writeoff", ChartRow("expense", _("Write-offs")))
    health.QUEUES.register("outbox", Queue(_("Facts to tell upward"), OUTBOX_QUEUE))
    health.QUEUES.register("outbox-dead", Queue(_("Facts given up"), OUTBOX_DEAD, late_seconds=0))
    desk.TASKS.register(
        "core.approvals",
        Task(
            _("Approvals waiting for a second person"),
            "select count(*) from core_approval where state = 'requested' and expires_at > %(now)s",
            "core.view_approval", "core_approval_changelist?state__exact=requested",
        ),
    )  # fmt: skip
    desk.TASKS.register(
        "core.outbox",
        Task(
            _("Facts given up"),
            "select count(*) from core_outboxevent where dead_at is not null",
            "core.view_outboxevent", "core_outboxevent_changelist?dead_at__isempty=0", grave=True,
        ),
    )  # fmt: skip
    _reconciliation()
    for id_, title, sql in [*INVARIANTS, *STATEMENTS]:
        invariants.register(id_, title, sql)


def _reconciliation() -> None:
    for tag, title in {
        "statement:kept": "A statement was taken in",
        "difference:taken": "Somebody took a difference",
        "difference:explained": "A difference was closed with a reason",
        "difference:corrected": "Two persons corrected the ledger for a difference",
    }.items():
        audit.declare(tag, title)
    approvals.executor(differences.CORRECT, act=differences.CORRECT, title=_("Correct the ledger"))(
        differences.carry_out_correction
    )
    desk.TASKS.register(
        "core.differences",
        Task(
            _("Differences with other books"),
            "select count(*) from core_difference where state <> 'closed'",
            "core.view_difference", "core_difference_changelist?state__exact=open", grave=True,
        ),
    )  # fmt: skip


OUTBOX_QUEUE = "select count(*), min(not_before) from core_outboxevent where done_at is null and dead_at is null"
OUTBOX_DEAD = "select count(*), min(dead_at) from core_outboxevent where dead_at is not null"

INVARIANTS = [
    (
        "INV-L1",
        "every journal balances per currency",
        "select journal_id, currency, sum(amount) from core_posting"
        " group by 1, 2 having sum(amount) <> 0",
    ),
    (
        "INV-L2",
        "no journal has fewer than two legs",
        "select j.id, j.key from core_journal j left join core_posting p on p.journal_id = j.id"
        " group by j.id having count(p.id) < 2",
    ),
    (
        "INV-L3",
        "a kept balance equals its postings",
        "select b.account_id, b.currency, b.balance, coalesce(t.s, 0) as postings"
        " from core_accountbalance b left join (select account_id, currency, sum(amount) s"
        " from core_posting group by 1, 2) t on t.account_id = b.account_id and t.currency = b.currency"
        " where b.balance <> coalesce(t.s, 0)",
    ),
    (
        "INV-L4",
        "no account is under its floor",
        "select account_id, balance, floor from core_accountbalance where balance * sign < floor",
    ),
    (
        "INV-L5",
        "an account with a floor and postings has its balance row",
        "select distinct p.account_id from core_posting p join core_ledgeraccount a"
        " on a.code = p.account_id and a.floored left join core_accountbalance b"
        " on b.account_id = p.account_id and b.currency = p.currency where b.id is null",
    ),
    (
        "INV-O1",
        "no fact is stuck in the outbox",
        "select id, topic, tries, last_error from core_outboxevent where done_at is null"
        " and (dead_at is not null or created_at < %(now)s - interval '5 minutes' * %(grace)s)",
    ),
    (
        "INV-A1",
        "two persons, the same payload, in time",
        "select id, action from core_approval where executed_at is not null and (checker = ''"
        " or checker = maker or payload_sha <> executed_sha"
        " or executed_at > requested_at + interval '24 hours')",
    ),
    (
        "INV-A3",
        "the sealed chain has no break",
        "select seq from (select seq, prev_hash, lag(hash) over (order by seq) as before,"
        " lag(seq) over (order by seq) as prior from core_auditseal) x"
        " where (seq > 1 and (prev_hash is distinct from before or prior <> seq - 1))"
        " or (seq = 1 and prev_hash <> repeat('0', 64))",
    ),
    (
        "INV-L8",
        "every posting's account is in the ledger's currency once",
        "select account_id, currency, count(*) from core_accountbalance group by 1, 2 having count(*) > 1",
    ),
]
