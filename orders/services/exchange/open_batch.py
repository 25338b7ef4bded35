"""A batch of exchange codes: two persons agree to what it costs, then a worker makes its codes."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection
from django.db.models import F, Q, TextChoices
from django.utils.translation import gettext_lazy as _

from core import approvals, audit, leases, transitions, wake
from core.crypto import blind_index, seal
from core.each import turns
from core.models import Approval
from core.tx import part, step
from fulfillment.vouchers.codes import new_code
from orders.models import ExchangeBatch
from orders.prizes import PRIZES
from orders.services.balance.balance_book import book_cards
from orders.states import BatchState

ACTION = "exchange.open"
ACT = "exchange.manage"
OPENED = "exchange:opened"
SET_UP = "exchange:set_up"
CHANGED = "exchange:changed"
TASK = "orders.make_codes"
CHUNK = 5_000
MOST_CHUNKS = 400

_INSERT = """
insert into orders_exchangecode (id, batch_id, number, sealed, "index")
select id, %(batch)s, number, sealed, "index"
from unnest(%(ids)s::uuid[], %(numbers)s::int[], %(sealed)s::bytea[], %(indexes)s::bytea[])
    as t(id, number, sealed, "index")
"""


class Hindrance(TextChoices):
    """Why a batch cannot be made, in words for the operator."""

    KIND = "kind", _("It cannot be given as it is set up.")
    OVER = "over", _("Its end has passed.")
    STATE = "state", _("It is made or over already.")


class CannotOpen(ValueError):
    """Nothing has changed; `detail` says more."""

    def __init__(self, why: Hindrance, detail: str = "") -> None:
        super().__init__(why.value)
        self.why = why
        self.detail = detail

    @property
    def words(self) -> str:
        return f"{self.why.label} {self.detail}".strip()


def code_index(plain: str) -> bytes:
    """The keyed hash by which a code is found; every text takes the same work."""
    return blind_index("exchange.code", plain)


def judge(batch: ExchangeBatch, *, now: datetime) -> None:
    """Raise CannotOpen unless its codes could be made now."""
    if batch.state != BatchState.DRAFT:
        raise CannotOpen(Hindrance.STATE)
    if batch.ends_at is not None and batch.ends_at <= now:
        raise CannotOpen(Hindrance.OVER)
    kind = PRIZES.find(batch.kind)
    if kind is None or kind.give is None:
        raise CannotOpen(Hindrance.KIND)
    if trouble := kind.problem(batch):
        raise CannotOpen(Hindrance.KIND, trouble)


def _asked(batch: ExchangeBatch) -> dict[str, object]:
    return {
        "batch": batch.public_id, "name": batch.name, "kind": batch.kind, "ref": batch.ref,
        "sku": batch.sku.code if batch.sku else "", "amount": batch.amount, "codes": batch.size,
        "cost_minor": batch.cost_minor, "budget_minor": batch.budget_minor,
        "per_person": batch.per_person, "origin": batch.origin,
    }  # fmt: skip


@step()
def request_codes(*, batch: str, by: str, reason: str, now: datetime) -> Approval:
    """Ask for the codes of a batch to be made. `by` is a public id; money in minor units.

    Raises CannotOpen, approvals.NotAllowed, IntegrityError when it is asked already.
    """
    row = ExchangeBatch.objects.select_related("sku", "channel").get(public_id=batch)
    judge(row, now=now)
    return approvals.request(
        action=ACTION, subject=row.public_id, payload=_asked(row), by=by, reason=reason, now=now
    )


@part
def carry_out(approval: Approval, *, now: datetime) -> None:
    """Let the worker begin. Raises StalePayload when anything has changed meanwhile."""
    rows = ExchangeBatch.objects.select_related("sku", "channel").select_for_update(of=("self",))
    row = rows.get(public_id=approval.payload["batch"])
    try:
        judge(row, now=now)
    except CannotOpen as cannot:
        raise approvals.StalePayload(cannot.words) from None
    if _asked(row) != approval.payload:
        raise approvals.StalePayload(approval.public_id)
    transitions.move(
        ExchangeBatch, row.pk, from_=[BatchState.DRAFT], to=BatchState.MAKING, now=now,
        by=f"user:{approval.checker}", why=approval.public_id, state_at=now, not_before=now,
    )  # fmt: skip
    audit.record(
        tag=OPENED, by=f"user:{approval.checker}", subject=row.public_id, now=now,
        after=approval.payload | {"asked_by": approval.maker},
    )  # fmt: skip
    wake.poke(TASK)


class _New(NamedTuple):
    id: UUID
    blind: bytes
    sealed: bytes


def make_codes(*, now: datetime) -> int:
    """Make codes of the batches that are due, chunk by chunk. Returns how many.

    A worker that dies leaves whole chunks behind, and the next one goes on from `made`.
    """
    made = 0
    due = Q(state=BatchState.MAKING)
    for lease in leases.claim(
        ExchangeBatch, where=due, limit=1, seconds=settings.LEASE_SECONDS * 10, now=now
    ):
        for _turn in turns(MOST_CHUNKS):
            chunk = _make_chunk(lease.pk, lease.token, now)
            if not chunk:
                break
            made += chunk
        leases.release(ExchangeBatch, lease)
    return made


def _make_chunk(batch_id: int, token: str, now: datetime) -> int:
    # Sealing takes longer than writing: it is done before the transaction begins.
    new = [_new() for _ in range(CHUNK)]
    with step():
        batch = ExchangeBatch.objects.select_for_update().get(pk=batch_id)
        if batch.state != BatchState.MAKING or batch.lease_token != token:
            return 0
        chunk = new[: batch.size - batch.made]
        with connection.cursor() as cursor:
            cursor.execute(
                _INSERT,
                {
                    "batch": batch.pk, "ids": [one.id for one in chunk],
                    "numbers": list(range(batch.made + 1, batch.made + len(chunk) + 1)),
                    "sealed": [one.sealed for one in chunk],
                    "indexes": [one.blind for one in chunk],
                },
            )  # fmt: skip
        ExchangeBatch.objects.filter(pk=batch.pk).update(made=F("made") + len(chunk))
        if batch.made + len(chunk) == batch.size:
            transitions.move(
                ExchangeBatch, batch.pk, from_=[BatchState.MAKING], to=BatchState.LIVE, now=now,
                by="system", why="all made", state_at=now, not_before=None,
            )  # fmt: skip
            book_cards(batch, now=now)
    return len(chunk)


def _new() -> _New:
    code, code_id = new_code(), uuid4()
    sealed = seal(code, context=f"orders_exchangecode:sealed:{code_id}")
    return _New(code_id, code_index(code), sealed)


@step()
def change_batch(*, batch: str, to: str, by: str, why: str, now: datetime) -> bool:
    """Freeze a batch, thaw it, or end it for good; False when that is no step from where it is."""
    row = ExchangeBatch.objects.get(public_id=batch)
    allowed = {
        BatchState.FROZEN: [BatchState.LIVE],
        BatchState.LIVE: [BatchState.FROZEN],
        BatchState.ENDED: [BatchState.MAKING, BatchState.LIVE, BatchState.FROZEN],
    }[BatchState(to)]
    moved = transitions.move(
        ExchangeBatch, row.pk, from_=allowed, to=to, now=now, by=by, why=why, state_at=now,
        not_before=None,
    )  # fmt: skip
    if moved:
        audit.record(tag=CHANGED, by=by, subject=batch, now=now, after={"state": to, "why": why})
    return moved
