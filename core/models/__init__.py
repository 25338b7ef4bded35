from core.models.approval import Approval
from core.models.audit import AuditEntry, AuditSeal
from core.models.comparison import BreakKind, Closing, Comparison, Difference, DifferenceState
from core.models.counts import LimitCount
from core.models.datakey import DataKey
from core.models.idempotency import IdempotencyKey
from core.models.ledger import AccountBalance, Journal, LedgerAccount, Posting
from core.models.outbox import OutboxEvent, OutboxReceipt
from core.models.statechange import StateChange
from core.models.statement import Statement, StatementLine
from core.models.switch import SwitchState
from core.models.system import CacheVersion, ClockOffset, Duty, Heartbeat

__all__ = [
    "AccountBalance",
    "Approval",
    "AuditEntry",
    "AuditSeal",
    "BreakKind",
    "CacheVersion",
    "ClockOffset",
    "Closing",
    "Comparison",
    "DataKey",
    "Difference",
    "DifferenceState",
    "Duty",
    "Heartbeat",
    "IdempotencyKey",
    "Journal",
    "LedgerAccount",
    "LimitCount",
    "OutboxEvent",
    "OutboxReceipt",
    "Posting",
    "StateChange",
    "Statement",
    "StatementLine",
    "SwitchState",
]
