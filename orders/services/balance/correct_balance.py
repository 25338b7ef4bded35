"""A balance put right by hand: two persons agree, and the person sees why."""

from datetime import datetime
from typing import Any

from accounts.models import User
from core import approvals, audit
from core.ledger import FloorBreached
from core.models import Approval
from core.tx import part, step
from orders.queries.balance import account
from orders.services.balance.balance_book import CORRECTED, credit, move

CORRECT = "orders.correct_balance"
TAG = "balance:corrected"
MOST_MINOR = 1_000_000
CURRENCY = "CNY"


class BadCorrection(ValueError):
    """Nothing, or more than anybody may give by hand."""


@step()
def request_balance_correction(
    *, owner: str, amount_minor: int, reason: str, by: str, now: datetime
) -> Approval:
    """Ask that a person's balance is raised (or lowered, when negative); minor units of CNY.

    `by` is the maker's public id. Raises BadCorrection, User.DoesNotExist,
    core.approvals.NotAllowed.
    """
    if not amount_minor or abs(amount_minor) > MOST_MINOR:
        raise BadCorrection(amount_minor)
    user = User.objects.get(public_id=owner)
    payload: dict[str, Any] = {
        "owner": user.public_id, "amount_minor": amount_minor, "at": now.isoformat(),
    }  # fmt: skip
    return approvals.request(
        action=CORRECT, subject=user.public_id, payload=payload, by=by, reason=reason, now=now
    )


@part
def carry_out_balance_correction(approval: Approval, *, now: datetime) -> None:
    """Executor: a journal of its own. Raises StalePayload when it would take more than there is."""
    owner, amount = approval.payload["owner"], approval.payload["amount_minor"]
    told: dict[str, Any] = {
        "key": f"balance.corrected:{approval.public_id}", "kind": "balance.corrected",
        "currency": CURRENCY, "subject": approval.public_id, "now": now,
        "note": approval.reason[:200],
    }  # fmt: skip
    try:
        if amount > 0:
            credit(owner=owner, amount_minor=amount, source=CORRECTED, **told)
        else:
            move(to=account(owner), out=CORRECTED, amount_minor=-amount, **told)
    except FloorBreached as short:
        raise approvals.StalePayload(approval.public_id) from short
    audit.record(
        tag=TAG, by=f"user:{approval.checker}", subject=owner, now=now,
        after={"approval": approval.public_id, "amount_minor": amount},
    )  # fmt: skip
