"""Codes leave as a file: two persons, a mark on every row, one download under a password."""

import csv
import hashlib
import io
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from core import approvals, clock
from core.approvals import NotAllowed
from core.invariants import check_all
from core.models import AuditEntry
from fulfillment.codefiles import store
from fulfillment.models import Code, CodeBatch, CodeExport
from fulfillment.services.pool.export_codes import ExportRefused, mark, request_export
from fulfillment.services.pool.sweep_pool import clear_files
from fulfillment.services.pool.take_export import (
    MAX_WRONG,
    ExportGone,
    WrongPassword,
    show_password,
    take_export,
)
from tests.factories.accounts import make_staff
from tests.factories.fulfillment import import_file, make_goods, make_stock

pytestmark = pytest.mark.django_db


def asked_and_agreed(rows: int = 3, stock: int = 5) -> tuple[CodeExport, str, str]:
    one, two = make_staff("operator"), make_staff("owner")
    batch = CodeBatch.objects.get(sku=make_stock(stock))
    asked = request_export(
        batch_id=batch.public_id, rows=rows, by=one.public_id, reason="fair", now=clock.now()
    )
    approvals.decide(approval_id=asked.public_id, by=two.public_id, agree=True, now=clock.now())
    return CodeExport.objects.get(), one.public_id, two.public_id


def unlock(content: bytes, password: str) -> str:
    """What `openssl enc -d -aes-256-cbc -pbkdf2 -iter 600000 -md sha256` does."""
    assert content[:8] == b"Salted__"
    derived = hashlib.pbkdf2_hmac("sha256", password.encode(), content[8:16], 600_000, 48)
    decryptor = Cipher(algorithms.AES(derived[:32]), modes.CBC(derived[32:])).decryptor()
    padded = decryptor.update(content[16:]) + decryptor.finalize()
    unpadder = PKCS7(128).unpadder()
    return (unpadder.update(padded) + unpadder.finalize()).decode()


def test_a_file_cut_off_is_not_handed_out_in_part() -> None:
    export, recipient, other = asked_and_agreed()
    password = show_password(export_id=export.public_id, by=other, now=clock.now())
    path = store.folder() / export.stored
    length = int.from_bytes(path.read_bytes()[: store.LENGTH_BYTES])
    with path.open("r+b") as file:
        file.truncate(store.LENGTH_BYTES + length)
    with pytest.raises(ExportGone):
        take_export(export_id=export.public_id, by=recipient, password=password, now=clock.now())


def test_the_whole_way() -> None:
    export, recipient, other = asked_and_agreed()
    assert (export.rows, export.requested_by, export.agreed_by) == (3, recipient, other)
    assert Code.objects.filter(state="quarantined").count() == 3
    password = show_password(export_id=export.public_id, by=other, now=clock.now())
    taken = take_export(
        export_id=export.public_id, by=recipient, password=password.lower(), now=clock.now()
    )
    text = unlock(taken.content, password)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["mark"] for row in rows} == {
        mark(export.public_id, recipient, code.pk)
        for code in Code.objects.filter(state="quarantined")
    }
    assert [row["mark"] for row in rows] == sorted(row["mark"] for row in rows)
    assert "SECRET" not in taken.content.decode("latin-1")
    with pytest.raises(ExportGone):
        take_export(export_id=export.public_id, by=recipient, password=password, now=clock.now())
    tags = set(AuditEntry.objects.values_list("tag", flat=True))
    assert {"codes:exported", "codes:export_password", "codes:export_taken"} <= tags
    back = import_file(make_goods(), text.encode())
    assert (back.accepted, back.counts["duplicate_in_vault"]) == (0, 3)
    assert check_all(now=clock.now(), only="INV-S") == []


def test_only_the_two_persons_and_each_their_part() -> None:
    export, recipient, other = asked_and_agreed()
    for stranger in (recipient, "usr_STRANGER"):
        with pytest.raises(ExportGone):
            show_password(export_id=export.public_id, by=stranger, now=clock.now())
    password = show_password(export_id=export.public_id, by=other, now=clock.now())
    for stranger in (other, "usr_STRANGER"):
        with pytest.raises(ExportGone):
            take_export(export_id=export.public_id, by=stranger, password=password, now=clock.now())


def test_guessing_the_password_ends_it() -> None:
    export, recipient, other = asked_and_agreed()
    password = show_password(export_id=export.public_id, by=other, now=clock.now())
    for _ in range(MAX_WRONG):
        with pytest.raises(WrongPassword):
            take_export(export_id=export.public_id, by=recipient, password="no", now=clock.now())
    with pytest.raises(ExportGone):
        take_export(export_id=export.public_id, by=recipient, password=password, now=clock.now())
    export.refresh_from_db()
    assert (export.state, export.stored, export.password) == ("dropped", "", None)


def test_late_files_are_destroyed() -> None:
    export, recipient, _ = asked_and_agreed()
    later = clock.now() + timedelta(hours=25)
    with pytest.raises(ExportGone):
        take_export(export_id=export.public_id, by=recipient, password="x", now=later)
    stored = export.stored
    clear_files(now=later)
    export.refresh_from_db()
    assert export.state == "dropped"
    assert stored not in store.names(older_than=1e12)


def test_who_may_ask() -> None:
    batch = CodeBatch.objects.get(sku=make_stock(2))
    for staff in (make_staff("support"), make_staff("finance"), make_staff("auditor")):
        with pytest.raises(NotAllowed):
            request_export(
                batch_id=batch.public_id, rows=1, by=staff.public_id, reason="x", now=clock.now()
            )
    operator = make_staff("operator").public_id
    for rows, reason in ((0, "x"), (5001, "x"), (1, " ")):
        with pytest.raises(ExportRefused):
            request_export(
                batch_id=batch.public_id, rows=rows, by=operator, reason=reason, now=clock.now()
            )


def test_what_was_asked_is_all_there_is() -> None:
    export, _, _ = asked_and_agreed(rows=10, stock=4)
    assert export.rows == 4
