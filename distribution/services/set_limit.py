"""How much an outside channel may owe: asked for by one person, agreed to by another."""

from datetime import datetime

from core import approvals, audit
from core.floors import set_floor
from core.ledger import FloorBreached
from core.models import Approval
from core.tx import part, step
from distribution.models import Marketplace
from distribution.postings import account_of
from distribution.queries.account import owed_minor

ACTION = "distribution.set_limit"
#: Ten million yuan of credit is a slip of the finger.
LARGEST_MINOR = 10**9


class BadLimit(ValueError):
    """Not an amount that may be owed, or less than is owed already."""


@step()
def ask_for_limit(*, code: str, limit_minor: int, by: str, reason: str, now: datetime) -> Approval:
    """Ask for another credit limit (minor units). `by` is the maker's public id.

    Raises BadLimit, NotAllowed, Marketplace.DoesNotExist, and IntegrityError while another waits.
    """
    if not 0 <= limit_minor <= LARGEST_MINOR:
        raise BadLimit(str(limit_minor))
    row = Marketplace.objects.get(code=code)
    if limit_minor < owed_minor(row):
        raise BadLimit("less than it owes")
    return approvals.request(
        action=ACTION,
        subject=f"market:{code}",
        payload={"code": code, "was": row.credit_limit_minor, "limit_minor": limit_minor},
        by=by,
        reason=reason,
        now=now,
    )


@part
def carry_out(approval: Approval, *, now: datetime) -> None:
    """Put the limit into force. Raises StalePayload when it is another by now, or when the channel
    owes more than it already.
    """
    wanted = approval.payload
    row = Marketplace.objects.select_for_update(of=("self",)).get(code=wanted["code"])
    if row.credit_limit_minor != wanted["was"]:
        raise approvals.StalePayload(approval.public_id)
    limit = int(wanted["limit_minor"])
    try:
        set_floor(account=account_of(row.code), currency=row.currency, floor=-limit)
    except FloorBreached as error:
        raise approvals.StalePayload(approval.public_id) from error
    Marketplace.objects.filter(pk=row.pk).update(credit_limit_minor=limit)
    audit.record(
        tag="market:limit_set", by=f"user:{approval.checker}", subject=approval.subject, now=now,
        before={"limit_minor": row.credit_limit_minor},
        after={"limit_minor": limit, "approval": approval.public_id},
    )  # fmt: skip
