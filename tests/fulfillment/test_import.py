"""Importing files: every line accounted for, nothing twice, resumed after a kill."""

import io
import zipfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.conf import settings as conf
from django.db.models import Q

from core import clock, leases, ledger
from core.invariants import check_all
from core.models import OutboxEvent
from core.rotation import new_data_key, reseal_batch, retire_unused
from fulfillment.codefiles import store
from fulfillment.codefiles.store import FileRefused
from fulfillment.models import BatchLine, BatchSeen, Code, CodeBatch
from fulfillment.models.code import NEVER
from fulfillment.services.imports import run_import as runner
from fulfillment.services.imports.cancel_import import cancel_import
from fulfillment.services.imports.import_codes import ImportRefused, ImportRequest, import_codes
from fulfillment.services.imports.pause_import import pause_import
from fulfillment.services.imports.run_import import run_import
from fulfillment.services.imports.start_import import start_import
from fulfillment.services.reveal import open_code
from tests.factories.fulfillment import import_file, make_file, make_goods, make_supplier

pytestmark = pytest.mark.django_db
DATA = Path(conf.BASE_DIR) / "demo" / "data" / "codes"


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "CHUNK_LINES", 10)


def upload(content: bytes, **fields: Any) -> CodeBatch:
    sku = fields.pop("sku", None) or make_goods()
    return import_codes(
        ImportRequest(sku_id=sku.pk, file_name="f.txt", **fields), chunks=[content],
        by="user:usr_X", now=clock.now(),
    )  # fmt: skip


def assert_sound() -> None:
    assert [str(v) for v in check_all(now=clock.now()) if v.invariant.id[4] in "DSLA"] == []


def texts(batch: CodeBatch) -> set[tuple[str, str]]:
    opened = [open_code(code.pk, code.sealed, code.expires_on) for code in batch.codes.all()]
    return {(code.number, code.secret) for code in opened}


def test_codes_are_sealed_masked_counted_and_paid_for() -> None:
    batch = import_file(make_goods(), b"1234567890 SECRET-A\n1234567891 SECRET-B 2031-01-01\n")
    assert (batch.state, batch.declared, batch.accepted, batch.percent) == ("finished", 2, 2, 100)
    assert texts(batch) == {("1234567890", "SECRET-A"), ("1234567891", "SECRET-B")}
    assert {code.masked for code in batch.codes.all()} == {"••••7890", "••••7891"}
    assert {code.expires_on for code in batch.codes.all()} == {NEVER, date(2031, 1, 1)}
    assert ledger.balance("code_inventory") == 2 * 9000 == -ledger.balance("bank")
    assert OutboxEvent.objects.get(topic="fulfillment.StockArrived").payload["units"] == 2
    assert_sound()


def test_no_clear_text_lies_anywhere(settings: Any) -> None:
    batch = upload(b"1234567890 CANARY-TEXT\n" * 1)
    (path,) = (Path(settings.STATE_DIR) / "uploads").iterdir()
    assert b"CANARY" not in path.read_bytes()
    run_import(batch_id=batch.public_id)
    code = Code.objects.get()
    assert b"CANARY" not in bytes(code.sealed)


def test_importing_twice_adds_nothing() -> None:
    content = make_file(50)
    first, second = import_file(make_goods(), content), import_file(make_goods(), content)
    assert (first.accepted, second.accepted) == (50, 0)
    assert second.counts == {"duplicate_in_vault": 50}
    assert Code.objects.count() == 50
    assert_sound()


def test_the_dirty_file_by_the_issue() -> None:
    jd = import_file(make_goods(), (DATA / "JD-E-100.txt").read_bytes())
    assert (jd.accepted, jd.rejected) == (2000, 0)
    batch = import_file(make_goods(), (DATA / "NE-CARD-50.dirty.txt").read_bytes())
    assert batch.accepted == 300
    assert batch.declared == 314
    verdicts = dict(batch.refused_lines.values_list("line", "verdict"))
    assert verdicts == {
        11: "blank", 12: "blank", 13: "blank", 51: "duplicate_in_file", 52: "duplicate_in_file",
        121: "formula", 122: "duplicate_in_file", 123: "malformed", 124: "too_long",
        **dict.fromkeys(range(310, 315), "duplicate_in_vault"),
    }  # fmt: skip
    assert_sound()


@pytest.mark.parametrize(
    ("name", "encoding", "accepted"),
    [("STEAM-100.csv", "utf-8", 1000), ("TM-CARD-100.gbk.csv", "gb18030", 500)],
)
def test_the_other_files_of_the_demo(name: str, encoding: str, accepted: int) -> None:
    batch = import_file(make_goods(), (DATA / name).read_bytes())
    assert (batch.encoding, batch.accepted, batch.counts.get("header")) == (encoding, accepted, 1)
    assert batch.codes.exclude(expires_on=NEVER).count() == accepted


def test_a_header_after_blank_lines_and_only_once() -> None:
    batch = import_file(make_goods(), b"\n \ncard_number,secret\n1234,AB-1\ncard_number,secret\n")
    assert batch.counts["header"] == 1
    assert texts(batch) == {("1234", "AB-1"), ("card_number", "secret")}


def test_a_dry_run_names_every_line_and_imports_nothing(small_chunks: None) -> None:
    import_file(make_goods(), b"1111 OLD-1\n")
    lines = b"".join(b"%04d NEW-%d\n" % (n, n) for n in range(2000, 2030))
    batch = import_file(
        make_goods(), lines + b"2001 NEW-2001\n2029 NEW-2029\n1111 OLD-1\nnope\n", dry_run=True
    )
    assert batch.state == "checked"
    assert batch.counts == {
        "accepted": 30, "duplicate_in_file": 2, "duplicate_in_vault": 1, "malformed": 1,
    }  # fmt: skip
    assert Code.objects.count() == 1
    assert not BatchSeen.objects.exists()
    assert_sound()
    start_import(batch_id=batch.public_id, by="user:usr_X", now=clock.now())
    while run_import(batch_id=batch.public_id):
        pass
    batch.refresh_from_db()
    assert (batch.state, batch.accepted, batch.stored) == ("finished", 30, "")
    assert batch.refused_lines.count() == 4
    assert_sound()


def test_slices_and_chunks_give_the_same(small_chunks: None) -> None:
    batch = upload(make_file(95))
    slices = 0
    while run_import(batch_id=batch.public_id, seconds=0):
        slices += 1
    batch.refresh_from_db()
    assert slices >= 9
    assert (batch.accepted, batch.lines_done, batch.state) == (95, 95, "finished")
    assert_sound()


def test_a_lost_lease_writes_nothing_more(small_chunks: None) -> None:
    batch = upload(make_file(40))
    run_import(batch_id=batch.public_id, seconds=0)
    (mine,) = leases.claim(CodeBatch, where=Q(pk=batch.pk), limit=1, seconds=60, now=clock.now())
    assert run_import(batch_id=batch.public_id) is False
    batch.refresh_from_db()
    assert batch.accepted == 10
    leases.release(CodeBatch, mine)
    while run_import(batch_id=batch.public_id):
        pass
    batch.refresh_from_db()
    assert batch.accepted == 40


def test_pause_go_on_and_cancel(small_chunks: None) -> None:
    batch = upload(make_file(40))
    run_import(batch_id=batch.public_id, seconds=0)
    assert pause_import(batch_id=batch.public_id, by="user:usr_X", now=clock.now())
    assert run_import(batch_id=batch.public_id) is False
    assert Code.objects.count() == 10
    assert start_import(batch_id=batch.public_id, by="user:usr_X", now=clock.now())
    run_import(batch_id=batch.public_id, seconds=0)
    assert Code.objects.count() == 20
    assert cancel_import(batch_id=batch.public_id, by="user:usr_X", now=clock.now())
    batch.refresh_from_db()
    assert (batch.state, batch.stored) == ("canceled", "")
    assert not start_import(batch_id=batch.public_id, by="user:usr_X", now=clock.now())
    assert Code.objects.count() == 20
    assert_sound()


def test_a_file_that_is_mostly_rubbish_stops_and_asks() -> None:
    content = make_file(400) + b"rubbish\n" * 4000
    batch = import_file(make_goods(), content)
    assert (batch.state, batch.problem) == ("paused", "mostly_refused")
    start_import(batch_id=batch.public_id, by="user:usr_X", now=clock.now())
    while run_import(batch_id=batch.public_id):
        pass
    batch.refresh_from_db()
    assert (batch.state, batch.accepted) == ("finished", 400)
    assert_sound()


def test_prepaid_money_must_cover_the_codes(small_chunks: None) -> None:
    supplier = make_supplier()
    batch = import_file(make_goods(), make_file(20), supplier_id=supplier.pk, paid_from="prepaid")
    assert (batch.state, batch.problem, batch.accepted) == ("paused", "prepaid_too_low", 0)
    assert not Code.objects.exists()


def test_requests_that_make_no_sense(settings: Any) -> None:
    with pytest.raises(ImportRefused, match="not_a_pool_sku"):
        upload(b"1 A\n", sku=make_goods("topup"))
    with pytest.raises(ImportRefused, match="prepaid_needs_supplier"):
        upload(b"1 A\n", paid_from="prepaid")
    with pytest.raises(FileRefused, match="empty"):
        upload(b"")
    folder = Path(settings.STATE_DIR) / "uploads"
    assert not folder.exists() or not list(folder.iterdir())


def test_a_file_too_large_leaves_nothing(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MAX_FILE_BYTES", 1000)
    with pytest.raises(FileRefused, match="too_big"):
        upload(b"x" * 1001)
    assert not list((Path(settings.STATE_DIR) / "uploads").iterdir())


def test_a_file_that_is_gone_fails_the_batch() -> None:
    batch = upload(make_file(3))
    store.destroy(batch.stored)
    run_import(batch_id=batch.public_id)
    batch.refresh_from_db()
    assert (batch.state, batch.problem) == ("failed", "gone")


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PIECE", 64)


def piece_ends(path: Path) -> list[int]:
    """Where each sealed piece of a file ends."""
    content, ends, at = path.read_bytes(), [], 0
    while at < len(content):
        header = int.from_bytes(content[at : at + store.LENGTH_BYTES])
        at += store.LENGTH_BYTES + (header & ~store.END)
        ends.append(at)
    assert at == len(content)
    return ends


@pytest.mark.parametrize("kept", [0, 1, 2, -1])
def test_a_file_cut_off_between_two_pieces_is_not_taken_for_whole(
    small_pieces: None, kept: int
) -> None:
    batch = upload(make_file(20))
    path = store.folder() / batch.stored
    ends = [0, *piece_ends(path)]
    assert len(ends) > 5
    with path.open("r+b") as file:
        file.truncate(ends[kept if kept >= 0 else -2])
    run_import(batch_id=batch.public_id)
    batch.refresh_from_db()
    assert (batch.state, batch.problem, batch.accepted) == ("failed", "cut_off", 0)
    assert not Code.objects.exists()


def test_an_end_cannot_be_forged_or_moved(small_pieces: None) -> None:
    text = make_file(20)
    batch = upload(text)
    path = store.folder() / batch.stored
    content, ends = path.read_bytes(), piece_ends(path)
    mark = content[ends[-2] :]
    first = content[: ends[0]]
    as_end = (int.from_bytes(first[:4]) | store.END).to_bytes(4) + first[4:]
    for forged in (content[: ends[1]] + mark, as_end):
        path.write_bytes(forged)
        with pytest.raises(FileRefused, match="cut_off"):
            list(store.read(batch.stored))
    path.write_bytes(content)
    assert b"".join(store.read(batch.stored)) == text
    assert b"".join(store.read(batch.stored, start=100)) == text[100:]


def test_a_file_cut_off_while_it_is_imported_ends_failed(
    small_pieces: None, small_chunks: None
) -> None:
    batch = upload(make_file(40))
    run_import(batch_id=batch.public_id, seconds=0)
    path = store.folder() / batch.stored
    with path.open("r+b") as file:
        file.truncate(piece_ends(path)[-3])
    run_import(batch_id=batch.public_id)
    batch.refresh_from_db()
    assert (batch.state, batch.problem, batch.accepted) == ("failed", "cut_off", 10)
    assert_sound()


def test_verdict_lines_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    from fulfillment.services.imports import write_chunk

    monkeypatch.setattr(write_chunk, "MAX_KEPT_LINES", 5)
    batch = import_file(make_goods(), b"bad\n" * 20)
    assert (BatchLine.objects.count(), batch.counts) == (5, {"malformed": 20})


# --- workbooks ------------------------------------------------------------------------------------


def workbook(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_workbook() -> None:
    rows: list[list[Any]] = [
        ["卡号", "卡密", "有效期"], ["0012345", "AB-1", date(2031, 5, 1)], [12346, "AB-2", None],
        [None, None, None], ["77", "=1+1", None], [1234567890123456789, "AB-3", None],
        ["88", "line\nbreak", None], ["0012345", "AB-1", None], ['q"uote', "a,b", "2031-05-01"],
    ]  # fmt: skip
    batch = import_file(make_goods(), workbook(rows))
    assert texts(batch) == {("0012345", "AB-1"), ("12346", "AB-2"), ('q"uote', "a,b")}
    assert batch.counts == {
        "header": 1, "accepted": 3, "blank": 1, "formula": 1, "lossy_number": 1, "control": 1,
        "duplicate_in_file": 1,
    }  # fmt: skip
    assert_sound()


def _zip(parts: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


# Packed within the test: an archive has the second of its making in it, and a test's name may not.
@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ({}, "bad_sheet"),
        ({"a.xml": b"<x/>"}, "bad_sheet"),
        ({"xl/sharedStrings.xml": b"0" * (49 * 1024 * 1024)}, "sheet_too_big"),
        (
            {"xl/w.xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'},
            "bad_sheet",
        ),
        ({f"p{i}.xml": b"" for i in range(501)}, "sheet_too_big"),
        ({"../../evil.xml": b"<x/>"}, "bad_sheet"),
    ],
)
def test_hostile_workbooks(parts: Mapping[str, bytes], problem: str) -> None:
    content = _zip(parts) if parts else b"PK\x03\x04 not a zip at all"
    batch = upload(content)
    run_import(batch_id=batch.public_id)
    batch.refresh_from_db()
    assert (batch.state, batch.problem) == ("failed", problem)
    assert not Code.objects.exists()


# --- keys -----------------------------------------------------------------------------------------


def test_codes_outlive_their_keys() -> None:
    batch = import_file(make_goods(), make_file(30))
    before = texts(batch)
    new_data_key()
    import_file(make_goods(), make_file(3))
    assert texts(batch) == before
    while reseal_batch(limit=10):
        assert texts(batch) == before
    assert len(retire_unused()) == 1
    assert texts(batch) == before
