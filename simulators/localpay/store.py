"""Tables of the gateway's truth log."""

from typing import Any

from simulators import breaks
from simulators.store import Store

Row = dict[str, Any]

SCHEMA = f"""
CREATE TABLE IF NOT EXISTS payment (
  merchant_id TEXT NOT NULL, number TEXT NOT NULL, status TEXT NOT NULL,
  amount_minor INTEGER, currency TEXT, subject TEXT NOT NULL DEFAULT '',
  notify_url TEXT NOT NULL DEFAULT '', return_url TEXT NOT NULL DEFAULT '', expires_at REAL,
  txn TEXT, fee_minor INTEGER NOT NULL DEFAULT 0, token TEXT NOT NULL,
  created_at REAL NOT NULL, paid_at REAL, closed_at REAL, late_at REAL,
  PRIMARY KEY (merchant_id, number));
CREATE INDEX IF NOT EXISTS payment_late ON payment (late_at) WHERE late_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS payment_paid ON payment (paid_at) WHERE paid_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS refund (
  merchant_id TEXT NOT NULL, refund_number TEXT NOT NULL, number TEXT NOT NULL,
  amount_minor INTEGER NOT NULL, currency TEXT NOT NULL, reason TEXT NOT NULL,
  notify_url TEXT NOT NULL, status TEXT NOT NULL, refund_txn TEXT NOT NULL,
  created_at REAL NOT NULL, due_at REAL, due_status TEXT, refunded_at REAL,
  PRIMARY KEY (merchant_id, refund_number));
CREATE INDEX IF NOT EXISTS refund_payment ON refund (merchant_id, number);
CREATE INDEX IF NOT EXISTS refund_due ON refund (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS notice (
  notice_id TEXT PRIMARY KEY, merchant_id TEXT NOT NULL, number TEXT NOT NULL,
  status TEXT NOT NULL, url TEXT NOT NULL, fields TEXT NOT NULL, plan TEXT NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0, next_at REAL, created_at REAL NOT NULL, acked_at REAL,
  last_status INTEGER);
CREATE INDEX IF NOT EXISTS notice_due ON notice (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS notice_payment ON notice (merchant_id, number);
CREATE TABLE IF NOT EXISTS mandate (
  merchant_id TEXT NOT NULL, number TEXT NOT NULL, status TEXT NOT NULL, agreement TEXT,
  limit_minor INTEGER, currency TEXT, subject TEXT NOT NULL DEFAULT '',
  notify_url TEXT NOT NULL DEFAULT '', return_url TEXT NOT NULL DEFAULT '', expires_at REAL,
  token TEXT NOT NULL, created_at REAL NOT NULL, signed_at REAL, ended_at REAL,
  ended_by TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (merchant_id, number));
CREATE TABLE IF NOT EXISTS charge (
  merchant_id TEXT NOT NULL, number TEXT NOT NULL, mandate TEXT NOT NULL,
  failure TEXT NOT NULL DEFAULT '', created_at REAL NOT NULL, due_at REAL,
  due_failure TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (merchant_id, number));
CREATE INDEX IF NOT EXISTS charge_due ON charge (due_at) WHERE due_at IS NOT NULL;
{breaks.SCHEMA}
"""


def payment_of(store: Store, merchant_id: str, number: str) -> Row | None:
    return store.row(
        "SELECT * FROM payment WHERE merchant_id = ? AND number = ?", merchant_id, number
    )


def payment_by_number(store: Store, number: str) -> Row | None:
    """For scripts, which name a payment by its number alone."""
    return store.row("SELECT * FROM payment WHERE number = ? ORDER BY created_at LIMIT 1", number)


def refund_of(store: Store, merchant_id: str, refund_number: str) -> Row | None:
    return store.row(
        "SELECT * FROM refund WHERE merchant_id = ? AND refund_number = ?",
        merchant_id,
        refund_number,
    )


def refunded_minor(store: Store, merchant_id: str, number: str, *, open_too: bool) -> int:
    """Minor units given back, or also on their way back."""
    states = ("SUCCESS", "PROCESSING") if open_too else ("SUCCESS", "SUCCESS")
    row = store.row(
        "SELECT coalesce(sum(amount_minor), 0) AS total FROM refund"
        " WHERE merchant_id = ? AND number = ? AND status IN (?, ?)",
        merchant_id,
        number,
        *states,
    )
    return int(row["total"]) if row else 0


def mandate_of(store: Store, merchant_id: str, number: str) -> Row | None:
    return store.row(
        "SELECT * FROM mandate WHERE merchant_id = ? AND number = ?", merchant_id, number
    )


def charge_of(store: Store, merchant_id: str, number: str) -> Row | None:
    """What a payment has beside it when it was taken under a mandate."""
    return store.row(
        "SELECT * FROM charge WHERE merchant_id = ? AND number = ?", merchant_id, number
    )
