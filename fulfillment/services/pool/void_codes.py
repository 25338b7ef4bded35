"""Write codes off for good. It takes two persons: one asks here, another agrees in the inbox."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from core import approvals, audit
from core.models import Approval
from core.tx import part, step
from fulfillment.services.pool.change_codes import SLICE, Which, change_codes
from fulfillment.states import CodeState

ACTION = "codes.void"


@step()
def request_void(*, code_ids: Sequence[UUID], by: str, why: str, now: datetime) -> Approval:
    """Ask to void these codes (free or quarantined). `by` is the maker's public id.

    Raises ValueError for none or too many, NotAllowed, IntegrityError when asked already.
    """
    ids = sorted(str(code_id) for code_id in code_ids)
    if not 0 < len(ids) <= SLICE:
        raise ValueError("none or too many codes")
    return approvals.request(
        action=ACTION, subject=f"code:{ids[0]}", payload={"codes": ids}, by=by, reason=why, now=now
    )


@part
def carry_out(approval: Approval, *, now: datetime) -> None:
    """Void what was agreed; codes sold or held meanwhile are left alone."""
    ids = [UUID(text) for text in approval.payload["codes"]]
    moved = change_codes(
        Which(ids=ids),
        from_=[CodeState.AVAILABLE, CodeState.QUARANTINED, CodeState.EXPIRED],
        to=CodeState.VOID, by=f"user:{approval.checker}", why=approval.reason, now=now,
    )  # fmt: skip
    audit.record(
        tag="codes:voided", by=f"user:{approval.checker}", subject=approval.public_id, now=now,
        after={"codes": moved},
    )  # fmt: skip
