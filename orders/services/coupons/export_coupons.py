"""Hand a batch's codes out as a file: two persons, a mark on every row, one download.

The way of `fulfillment/services/pool/export_codes.py`: the second person sees the password, the first
one types it; whoever leaks a row is named by its mark.
"""

import csv
import io
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core import approvals, audit, transitions
from core.archive import lock_with_password
from core.cells import harmless
from core.crypto import blind_index, same, seal, unseal
from core.ids import new_secret
from core.models import Approval
from core.tx import part, step
from fulfillment.vouchers.codes import grouped
from orders.models import Coupon, CouponBatch, CouponExport
from orders.states import CouponBatchState, CouponExportState, CouponState

ACTION = "coupons.export"
ACT = "orders.export_coupons"
DOWNLOAD_WITHIN = timedelta(hours=24)
MAX_WRONG = 5
HEADER = ("code", "valid_until", "mark")


class CouponExportGone(LookupError):
    """Not this person's, taken already, too late, or given up after wrong passwords."""


class WrongCouponPassword(PermissionError):
    """Try again, a few times."""


@dataclass(frozen=True, slots=True)
class TakenCoupons:
    """A file locked with its password: `openssl enc -d -aes-256-cbc -pbkdf2 -iter 600000`."""

    file_name: str
    content: bytes = field(repr=False)


@step()
def request_coupon_export(*, batch: str, by: str, reason: str, now: datetime) -> Approval:
    """Ask for the codes of a batch as a file. `by` is the recipient's public id.

    Raises approvals.NotAllowed, IntegrityError when the same is asked already.
    """
    return approvals.request(
        action=ACTION, subject=batch, payload={"batch": batch, "recipient": by}, by=by,
        reason=reason, now=now,
    )  # fmt: skip


@part
def carry_out_coupon_export(approval: Approval, *, now: datetime) -> None:
    """Allow the one download, and draw its password. Raises StalePayload when there is no such batch."""
    batch = CouponBatch.objects.filter(
        public_id=approval.payload["batch"], state=CouponBatchState.READY
    ).first()
    if batch is None:
        raise approvals.StalePayload(approval.public_id)
    export = CouponExport(
        approval=approval.public_id, batch=batch, requested_by=approval.maker,
        agreed_by=approval.checker, created_at=now, expires_at=now + DOWNLOAD_WITHIN,
    )  # fmt: skip
    export.password = seal(_password(), context=_context(export.public_id))
    export.save()
    audit.record(
        tag="coupons:exported", by=f"user:{approval.checker}", subject=export.public_id, now=now,
        after={"batch": batch.public_id, "codes": batch.made, "for": export.requested_by},
    )  # fmt: skip


@step()
def show_coupon_password(*, export: str, by: str, now: datetime) -> str:
    """The password, for the person who agreed and nobody else; each look is audited."""
    row = CouponExport.objects.filter(
        public_id=export, agreed_by=by, state=CouponExportState.READY, expires_at__gt=now
    ).first()
    if row is None or row.password is None:
        raise CouponExportGone(export)
    audit.record(tag="coupons:export_password", by=f"user:{by}", subject=export, now=now)
    return unseal(row.password, context=_context(export)).reveal()


def take_coupon_export(*, export: str, by: str, password: str, now: datetime) -> TakenCoupons:
    """Give the recipient the file, locked with `password`, once; codes that nobody has claimed.

    It counts as taken before a byte is read. Raises CouponExportGone, WrongCouponPassword.
    """
    typed = password.strip().upper()
    batch = _claim(export, by, typed, now)
    if batch is None:
        raise WrongCouponPassword(export)
    return TakenCoupons(f"{export}.csv.enc", lock_with_password(_file(export, by, batch), typed))


@step()
def _claim(export: str, by: str, password: str, now: datetime) -> int | None:
    """The batch whose codes may be taken now; None for a wrong password, which is counted."""
    row = (
        CouponExport.objects.select_for_update(of=("self",))
        .filter(
            public_id=export, requested_by=by, state=CouponExportState.READY, expires_at__gt=now
        )
        .first()
    )
    if row is None or row.password is None:
        raise CouponExportGone(export)
    if not same(unseal(row.password, context=_context(export)).reveal(), password):
        tries = row.wrong_tries + 1
        CouponExport.objects.filter(pk=row.pk).update(wrong_tries=tries)
        if tries >= MAX_WRONG:
            _end(row, CouponExportState.DROPPED, by, now)
        return None
    _end(row, CouponExportState.TAKEN, by, now)
    CouponExport.objects.filter(pk=row.pk).update(taken_at=now)
    audit.record(tag="coupons:export_taken", by=f"user:{by}", subject=export, now=now)
    return row.batch_id


def _end(row: CouponExport, to: CouponExportState, by: str, now: datetime) -> None:
    transitions.move(
        CouponExport, row.pk, from_=[CouponExportState.READY], to=to, now=now, by=f"user:{by}",
        password=None,
    )  # fmt: skip


def _file(export: str, recipient: str, batch: int) -> bytes:
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(HEADER)
    rows = Coupon.objects.filter(batch_id=batch, state=CouponState.ISSUED).order_by("id")
    for row in rows.iterator(chunk_size=2000):
        if row.code_sealed is None:
            continue
        code = unseal(row.code_sealed, context=row.context).reveal()
        day = row.valid_until.isoformat() if row.valid_until else ""
        mark = blind_index("coupon.export", f"{export}|{recipient}|{row.pk}").hex()[:16]
        table.writerow([harmless(cell) for cell in (grouped(code), day, mark)])
    return text.getvalue().encode()


def _context(public_id: str) -> str:
    return f"orders_couponexport:password:{public_id}"


def _password() -> str:
    drawn = new_secret(20)
    return "-".join(drawn[i : i + 5] for i in range(0, 20, 5))
