"""Exchange codes leave as a file: two persons, a mark per recipient on every row, one download.

The file, its password and its one download are those of every export (fulfillment's take_export).
"""

import csv
import io
from datetime import datetime

from core import approvals, audit
from core.crypto import seal, unseal
from core.ids import new_secret
from core.models import Approval
from core.tx import part, step
from fulfillment.codefiles import store
from fulfillment.models import CodeExport
from fulfillment.services.pool.export_codes import DOWNLOAD_WITHIN, mark, password_context
from fulfillment.vouchers.codes import grouped
from orders.models import ExchangeBatch, ExchangeCode
from orders.states import BatchState

ACTION = "exchange.export"
ACT = "codes.export"
EXPORTED = "exchange:exported"
MAX_ROWS = 50_000
HEADER = ("number", "code", "mark")


class ExportRefused(ValueError):
    """The request makes no sense; the message is a key of why."""


@step()
def request_export(
    *, batch: str, first: int, rows: int, by: str, reason: str, now: datetime
) -> Approval:
    """Ask for `rows` codes from number `first` on as a file. `by` is the recipient's public id.

    Raises ExportRefused, approvals.NotAllowed, IntegrityError when the same is asked already.
    """
    row = ExchangeBatch.objects.get(public_id=batch)
    if row.state not in (BatchState.LIVE, BatchState.FROZEN):
        raise ExportRefused("state")
    if row.sku_id is None:
        raise ExportRefused("sku")
    if not 0 < rows <= MAX_ROWS or not 0 < first <= row.size:
        raise ExportRefused("rows")
    payload = {"batch": batch, "first": first, "rows": rows, "recipient": by}
    return approvals.request(
        action=ACTION, subject=batch, payload=payload, by=by, reason=reason, now=now
    )


@part
def carry_out(approval: Approval, *, now: datetime) -> None:
    """Write the sealed file and draw its password, which only the second person may see.

    Raises StalePayload when there is nothing to write.
    """
    asked = approval.payload
    batch = ExchangeBatch.objects.get(public_id=asked["batch"])
    numbers = range(asked["first"], asked["first"] + asked["rows"])
    codes = list(
        ExchangeCode.objects.filter(
            batch=batch, number__gte=numbers.start, number__lt=numbers.stop, used_at=None
        ).order_by("number")
    )
    if not codes or batch.sku_id is None:
        raise approvals.StalePayload(approval.public_id)
    export = CodeExport(
        approval=approval.public_id, sku_id=batch.sku_id, rows=len(codes),
        requested_by=approval.maker, agreed_by=approval.checker, created_at=now,
        expires_at=now + DOWNLOAD_WITHIN,
    )  # fmt: skip
    export.stored = _write(export, codes)
    export.password = seal(_password(), context=password_context(export.public_id))
    export.save()
    audit.record(
        tag=EXPORTED, by=f"user:{approval.checker}", subject=export.public_id, now=now,
        after={"batch": batch.public_id, "rows": export.rows, "for": export.requested_by},
    )  # fmt: skip


def _write(export: CodeExport, codes: list[ExchangeCode]) -> str:
    marks = {code.pk: mark(export.public_id, export.requested_by, code.pk) for code in codes}
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(HEADER)
    # The order of rows is a mark too: it survives when the column is cut off.
    for code in sorted(codes, key=lambda code: marks[code.pk]):
        clear = unseal(code.sealed, context=code.context).reveal()
        table.writerow([code.number, grouped(clear), marks[code.pk]])
    writer = store.Writer()
    writer.write(text.getvalue().encode())
    writer.close()
    return writer.name


def _password() -> str:
    drawn = new_secret(20)
    return "-".join(drawn[i : i + 5] for i in range(0, 20, 5))
