"""Hand codes out as a file: two persons, a mark per recipient on every row, one download.

What is exported leaves the pool: a code in somebody's file is never sold by us as well.
"""

import csv
import io
from datetime import datetime, timedelta

from core import approvals, audit
from core.crypto import blind_index, seal
from core.ids import new_secret
from core.models import Approval
from core.tx import part, step
from fulfillment.codefiles import store
from fulfillment.models import Code, CodeBatch, CodeExport
from fulfillment.models.code import NEVER
from fulfillment.services.pool.change_codes import Which, change_codes
from fulfillment.services.pool.consign import consign
from fulfillment.services.reveal import open_code
from fulfillment.states import CodeState

ACTION = "codes.export"
MAX_ROWS = 5000
DOWNLOAD_WITHIN = timedelta(hours=24)
HEADER = ("card_number", "secret", "expires_on", "mark")


class ExportRefused(ValueError):
    """The request makes no sense; the message is a key of why."""


@step()
def request_export(
    *, batch_id: str, rows: int, by: str, reason: str, now: datetime, channel: str = ""
) -> Approval:
    """Ask for up to `rows` codes of a batch as a file. `by` is the recipient's public id.

    With `channel` (the code of an outside channel that will sell them) each code stays accounted
    for until it is reported sold or comes back (D8).
    Raises ExportRefused, approvals.NotAllowed, IntegrityError when the same is asked already.
    """
    if not 0 < rows <= MAX_ROWS:
        raise ExportRefused("rows")
    if not reason.strip():
        raise ExportRefused("reason")
    batch = CodeBatch.objects.get(public_id=batch_id)
    payload = {"batch": batch.public_id, "rows": rows, "recipient": by, "channel": channel}
    return approvals.request(
        action=ACTION, subject=batch.public_id, payload=payload, by=by, reason=reason, now=now
    )


@part
def carry_out(approval: Approval, *, now: datetime) -> None:
    """Take the codes out of sale, write the sealed file, and draw its password.

    The password is for the second person, who tells it to the first by another way. Raises
    StalePayload when no code is left to hand out.
    """
    batch = CodeBatch.objects.get(public_id=approval.payload["batch"])
    export = CodeExport(
        approval=approval.public_id, sku_id=batch.sku_id, batch=batch, rows=0,
        requested_by=approval.maker, agreed_by=approval.checker, created_at=now,
        expires_at=now + DOWNLOAD_WITHIN,
    )  # fmt: skip
    codes = list(
        Code.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(batch=batch, state=CodeState.AVAILABLE)
        .order_by("id")[: approval.payload["rows"]]
    )
    if not codes:
        raise approvals.StalePayload(approval.public_id)
    # Requests of before channels were asked for have none.
    channel = approval.payload.get("channel", "")
    change_codes(
        Which(ids=[code.pk for code in codes]), from_=[CodeState.AVAILABLE],
        to=CodeState.CONSIGNED if channel else CodeState.QUARANTINED,
        by=f"user:{approval.checker}", now=now, why=f"exported {export.public_id}",
    )  # fmt: skip
    export.rows = len(codes)
    export.stored = _write(export, codes)
    export.password = seal(_password(), context=password_context(export.public_id))
    export.save()
    if channel:
        consign(export=export, channel=channel, codes=codes, now=now)
    audit.record(
        tag="codes:exported", by=f"user:{approval.checker}", subject=export.public_id, now=now,
        after={"batch": batch.public_id, "rows": export.rows, "for": export.requested_by},
    )  # fmt: skip


def password_context(public_id: str) -> str:
    """What an export's sealed password is bound to."""
    return f"fulfillment_codeexport:password:{public_id}"


def mark(export: str, recipient: str, code_id: object) -> str:
    """The watermark of one row: whoever leaks it can be named by whoever holds our key."""
    return blind_index("export", f"{export}|{recipient}|{code_id}").hex()[:16]


def _write(export: CodeExport, codes: list[Code]) -> str:
    marks = {code.pk: mark(export.public_id, export.requested_by, code.pk) for code in codes}
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(HEADER)
    # The order of rows is a mark too: it survives when the column is cut off.
    for code in sorted(codes, key=lambda code: marks[code.pk]):
        clear = open_code(code.pk, code.sealed, code.expires_on)
        day = "" if code.expires_on == NEVER else code.expires_on.isoformat()
        table.writerow([clear.number, clear.secret, day, marks[code.pk]])
    writer = store.Writer()
    writer.write(text.getvalue().encode())
    writer.close()
    return writer.name


def _password() -> str:
    drawn = new_secret(20)
    return "-".join(drawn[i : i + 5] for i in range(0, 20, 5))
