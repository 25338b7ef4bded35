"""A request that is sent twice has its effect once and its answer twice (R-IDM, after Stripe)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from core.models.idempotency import IdempotencyKey
from core.tx import part


class KeyReused(ValueError):
    """The same key came with another body: refuse with 422."""


class StillRunning(RuntimeError):
    """The first request with this key has not finished: refuse with 409."""


@dataclass(frozen=True, slots=True)
class Claim:
    """`new` means: do it and call `finish`; else `response` is the first one's answer."""

    pk: int
    new: bool
    response: Any = None


@part
def claim(*, scope: str, key: str, body_hash: str, now: datetime) -> Claim:
    """Take the key in this transaction, or learn the stored answer.

    A concurrent request with the same key waits for the first to commit. Raises KeyReused for
    another body, StillRunning when the first committed without an answer.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into core_idempotencykey (scope, key, body_hash, created_at)"
            " values (%s, %s, %s, %s) on conflict (scope, key) do nothing returning id",
            [scope, key, body_hash, now],
        )
        row = cursor.fetchone()
    if row is not None:
        return Claim(row[0], new=True)
    held = IdempotencyKey.objects.get(scope=scope, key=key)
    if held.body_hash != body_hash:
        raise KeyReused(scope)
    if held.response is None:
        raise StillRunning(scope)
    return Claim(held.pk, new=False, response=held.response)


@part
def finish(claimed: Claim, response: Any) -> None:
    """Store the answer with the effect, in the same transaction."""
    IdempotencyKey.objects.filter(pk=claimed.pk).update(response=response)
