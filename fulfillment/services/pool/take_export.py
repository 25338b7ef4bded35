"""The one download of an export, and the one look at its password."""

from dataclasses import dataclass, field
from datetime import datetime

from core import audit, transitions
from core.archive import lock_with_password
from core.crypto import same, unseal
from core.tx import step
from fulfillment.codefiles import store
from fulfillment.models import CodeExport
from fulfillment.services.pool.export_codes import password_context
from fulfillment.states import ExportState

MAX_WRONG = 5


class ExportGone(LookupError):
    """Not this person's, taken already, too late, or given up after wrong passwords."""


class WrongPassword(PermissionError):
    """Try again, a few times."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A file locked with its password: `openssl enc -d -aes-256-cbc -pbkdf2 -iter 600000`."""

    file_name: str
    content: bytes = field(repr=False)


@step()
def show_password(*, export_id: str, by: str, now: datetime) -> str:
    """The password, for the person who agreed and nobody else; each look is audited."""
    export = CodeExport.objects.filter(
        public_id=export_id, agreed_by=by, state=ExportState.READY, expires_at__gt=now
    ).first()
    if export is None or export.password is None:
        raise ExportGone(export_id)
    audit.record(tag="codes:export_password", by=f"user:{by}", subject=export_id, now=now)
    return unseal(export.password, context=password_context(export_id)).reveal()


def take_export(*, export_id: str, by: str, password: str, now: datetime) -> Taken:
    """Give the recipient the file, locked with `password`, once. Raises ExportGone, WrongPassword.

    It counts as taken before a byte is sent; a broken download is asked for anew.
    """
    password = password.strip().upper()
    stored = _claim(export_id, by, password, now)
    if stored is None:
        raise WrongPassword(export_id)
    try:
        clear = b"".join(store.read(stored))
    except store.FileRefused as error:
        raise ExportGone(export_id) from error
    finally:
        store.destroy(stored)
    return Taken(f"{export_id}.csv.enc", lock_with_password(clear, password))


@step()
def _claim(export_id: str, by: str, password: str, now: datetime) -> str | None:
    export = (
        CodeExport.objects.select_for_update(of=("self",))
        .filter(public_id=export_id, requested_by=by, state=ExportState.READY, expires_at__gt=now)
        .first()
    )
    if export is None or export.password is None:
        raise ExportGone(export_id)
    expected = unseal(export.password, context=password_context(export_id)).reveal()
    if not same(password, expected):
        _count_wrong(export, by, now)
        return None
    transitions.move(
        CodeExport, export.pk, from_=[ExportState.READY], to=ExportState.TAKEN, now=now,
        by=f"user:{by}", why="downloaded", taken_at=now, stored="", password=None,
    )  # fmt: skip
    audit.record(tag="codes:export_taken", by=f"user:{by}", subject=export_id, now=now)
    return export.stored


def _count_wrong(export: CodeExport, by: str, now: datetime) -> None:
    export.wrong_tries += 1
    export.save(update_fields=["wrong_tries"])
    if export.wrong_tries >= MAX_WRONG:
        drop(export, by=f"user:{by}", why="wrong passwords", now=now)


def drop(export: CodeExport, *, by: str, why: str, now: datetime) -> None:
    """Withdraw a file nobody may have any more. Its codes stay in quarantine."""
    store.destroy(export.stored)
    transitions.move(
        CodeExport, export.pk, from_=[ExportState.READY], to=ExportState.DROPPED, now=now, by=by,
        why=why, stored="", password=None,
    )  # fmt: skip
