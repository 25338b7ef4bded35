"""Changing keys while the shop sells: new data keys, re-sealing, re-wrapping, retiring.

A data-key rotation makes a new active key at once; what the old one sealed is re-sealed by
`reseal_batch`, row by row and resumable, and the old key is retired when nothing needs it. A KEK
rotation only re-wraps data keys (R-VLT-2). Sealed columns announce themselves in SEALED_COLUMNS.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection

from core import crypto
from core.models.datakey import DataKey
from core.sockets import Socket
from core.tx import part, step


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of sealed values: `context(row)` says what a value is bound to."""

    model: str  # "app_label.Model"
    field: str
    context: Callable[[Any], str]


SEALED_COLUMNS: Socket[SealedColumn] = Socket("sealed columns")


@step()
def new_data_key() -> int:
    """Make a new active data key; the former keeps opening. Returns the new id."""
    DataKey.objects.select_for_update().filter(state=DataKey.State.ACTIVE).update(
        state=DataKey.State.DECRYPTING
    )
    kek_id, wrapped = crypto.wrap(os.urandom(crypto.KEY_BYTES))
    row = DataKey.objects.create(kek_id=kek_id, wrapped=wrapped)
    crypto.forget_keys()
    return row.pk


@step()
def rewrap() -> int:
    """Wrap every data key under the active KEK. Returns how many were under another."""
    changed = 0
    stale = DataKey.objects.select_for_update().exclude(kek_id=crypto.active_kek_id())
    for row in stale.exclude(state=DataKey.State.RETIRED):
        row.kek_id, row.wrapped = crypto.wrap(crypto.unwrap(row.kek_id, bytes(row.wrapped)))
        row.save(update_fields=["kek_id", "wrapped"])
        changed += 1
    return changed


def reseal_batch(limit: int = 500) -> int:
    """Re-seal up to `limit` values of each column under the active key; 0 means nothing is left.

    Rows that are locked are left for the next batch, so a sale never waits for a rotation.
    """
    active = DataKey.objects.get(state=DataKey.State.ACTIVE).pk
    crypto.forget_keys()
    return sum(_reseal_column(column, active, limit) for column in SEALED_COLUMNS)


@step()
def _reseal_column(column: SealedColumn, active: int, limit: int) -> int:
    rows = list(_stale(column, active, limit))
    for row in rows:
        context = column.context(row)
        text = crypto.unseal(getattr(row, column.field), context=context).reveal()
        setattr(row, column.field, crypto.seal(text, context=context))
        row.save(update_fields=[column.field])
    return len(rows)


@part
def _stale(column: SealedColumn, active: int, limit: int) -> Any:
    model = apps.get_model(column.model)
    field = model._meta.get_field(column.field).column
    return (
        model._default_manager.select_for_update(skip_locked=True, of=("self",))
        .exclude(**{f"{column.field}__isnull": True})
        .extra(  # noqa: S610  constants of our own models
            where=[
                f'octet_length("{model._meta.db_table}"."{field}") > 5'
                f' and substring("{model._meta.db_table}"."{field}" from 2 for 4) <> %s'
            ],
            params=[active.to_bytes(4)],
        )[:limit]
    )


def retire_unused() -> list[int]:
    """Retire data keys which seal nothing any more. Returns their ids."""
    retired = []
    for row in DataKey.objects.filter(state=DataKey.State.DECRYPTING):
        if not any(_uses(column, row.pk) for column in SEALED_COLUMNS):
            DataKey.objects.filter(pk=row.pk, state=DataKey.State.DECRYPTING).update(
                state=DataKey.State.RETIRED
            )
            retired.append(row.pk)
    crypto.forget_keys()
    return retired


def _uses(column: SealedColumn, key_id: int) -> bool:
    meta = apps.get_model(column.model)._meta
    field = meta.get_field(column.field).column
    with connection.cursor() as cursor:
        cursor.execute(
            f'select exists(select 1 from "{meta.db_table}" where octet_length("{field}") > 5'  # noqa: S608
            f' and substring("{field}" from 2 for 4) = %s)',
            [key_id.to_bytes(4)],
        )
        return bool(cursor.fetchone()[0])
