"""Tables of the supplier's truth log."""

from typing import Any

from simulators import breaks
from simulators.store import Store

Row = dict[str, Any]

SCHEMA = f"""
CREATE TABLE IF NOT EXISTS product (
  code TEXT PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, face_minor INTEGER,
  cost_minor INTEGER NOT NULL, stock INTEGER, state TEXT NOT NULL, max_quantity INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS key (
  key_id TEXT PRIMARY KEY, secret TEXT NOT NULL, disabled INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS placed (
  id INTEGER PRIMARY KEY AUTOINCREMENT, external_id TEXT NOT NULL UNIQUE, content TEXT NOT NULL,
  product TEXT NOT NULL, kind TEXT NOT NULL, quantity INTEGER NOT NULL, target TEXT NOT NULL,
  account TEXT NOT NULL, callback_url TEXT NOT NULL, key_id TEXT NOT NULL, state TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT '', refused INTEGER NOT NULL DEFAULT 0,
  unit_minor INTEGER NOT NULL, cost_minor INTEGER NOT NULL, delivered INTEGER NOT NULL DEFAULT 0,
  receipt TEXT NOT NULL DEFAULT '', version INTEGER NOT NULL DEFAULT 1, course TEXT NOT NULL,
  next_at REAL, hidden_until REAL, odd_word TEXT NOT NULL DEFAULT '',
  created_at REAL NOT NULL, updated_at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS placed_due ON placed (next_at) WHERE next_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS granted (
  id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES placed, external_id TEXT NOT NULL,
  product TEXT NOT NULL, unit INTEGER NOT NULL, target TEXT NOT NULL, account TEXT NOT NULL,
  number TEXT, secret TEXT, expires_on TEXT, cost_minor INTEGER NOT NULL, receipt TEXT NOT NULL,
  at REAL NOT NULL, reversed_at REAL, UNIQUE (order_id, unit));
CREATE INDEX IF NOT EXISTS granted_product ON granted (product, id);
CREATE TABLE IF NOT EXISTS movement (
  id INTEGER PRIMARY KEY, type TEXT NOT NULL, order_id INTEGER REFERENCES placed,
  amount_minor INTEGER NOT NULL, balance_after INTEGER NOT NULL, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS movement_at ON movement (at);
CREATE TABLE IF NOT EXISTS callback (
  callback_id TEXT PRIMARY KEY, external_id TEXT NOT NULL, type TEXT NOT NULL, url TEXT NOT NULL,
  key_id TEXT NOT NULL, shown TEXT NOT NULL, plan TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
  next_at REAL, created_at REAL NOT NULL, acked_at REAL, last_status INTEGER);
CREATE INDEX IF NOT EXISTS callback_due ON callback (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS callback_order ON callback (external_id);
{breaks.SCHEMA}
"""


def order_of(store: Store, external_id: str) -> Row | None:
    return store.row("SELECT * FROM placed WHERE external_id = ?", external_id)


def balance_of(store: Store) -> int:
    row = store.row("SELECT balance_after FROM movement ORDER BY id DESC LIMIT 1")
    return int(row["balance_after"]) if row else 0


def move_money(
    store: Store, *, kind: str, amount_minor: int, at: float, order_id: int | None = None
) -> None:
    """One movement of the prepaid balance; call it inside `write`."""
    values = {"type": kind, "order_id": order_id, "amount_minor": amount_minor, "at": at}
    after = balance_of(store) + amount_minor
    store.insert("movement", {**values, "balance_after": after})


def set_order(store: Store, order_id: int, **values: Any) -> None:
    names = ", ".join(f"{name} = ?" for name in values)
    store.run(f"UPDATE placed SET {names} WHERE id = ?", *values.values(), order_id)
