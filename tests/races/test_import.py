"""Imports that are killed, and the same file by four hands at once (E01, E05)."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as conf

from catalog import snapshot
from core import clock, ledger
from core.crypto import ensure_data_key, forget_keys
from core.invariants import check_all
from fulfillment.models import Code, CodeBatch
from fulfillment.services.imports import run_import as runner
from fulfillment.services.imports.import_codes import ImportRequest, import_codes
from fulfillment.services.imports.run_import import run_import
from tests.factories.fulfillment import make_file, make_goods
from tests.races.crowd import crowd

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture(autouse=True)
def _vault(committed: None, settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.STATE_DIR = tmp_path
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys, clock.forget):
        forget()
    ensure_data_key()
    yield
    for forget in (snapshot.forget, ledger.forget_accounts, forget_keys):
        forget()


def upload(content: bytes) -> CodeBatch:
    request = ImportRequest(sku_id=make_goods().pk, file_name="f.txt")
    return import_codes(request, chunks=[content], by="user:usr_X", now=clock.now())


def finish(batch: CodeBatch) -> CodeBatch:
    while run_import(batch_id=batch.public_id):
        pass
    batch.refresh_from_db()
    return batch


def assert_sound() -> None:
    assert [str(v) for v in check_all(now=clock.now()) if v.invariant.id[4] in "DSLA"] == []


WORKER = """
import django; django.setup()
from fulfillment.services.imports import run_import
run_import.CHUNK_LINES = 100
run_import.run_import(batch_id={batch!r}, seconds=60)
"""


def test_a_killed_worker_resumes_where_it_stood(settings: Any, tmp_path: Path) -> None:
    settings.LEASE_SECONDS = 0.2
    batch = upload(make_file(1000) + b"bad\n")
    crashes = tmp_path / "crash"
    crashes.mkdir()
    env = {
        **os.environ, "STATE_DIR": str(settings.STATE_DIR), "CRASH_DIR": str(crashes),
        "TEST_HOOKS": "1", "LEASE_SECONDS": "0.2",
    }  # fmt: skip
    stood = []
    for _ in range(3):
        (crashes / "CP17").touch()
        done = subprocess.run(
            [sys.executable, "-c", WORKER.format(batch=batch.public_id)],
            env=env, cwd=conf.BASE_DIR, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == -9, done.stderr
        batch.refresh_from_db()
        stood.append(batch.lines_done)
        time.sleep(0.3)
    assert stood == [100, 200, 300]
    finish(batch)
    assert (batch.state, batch.accepted, batch.rejected) == ("finished", 1000, 1)
    assert Code.objects.count() == 1000
    assert_sound()


def test_one_file_by_four_hands_is_imported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "CHUNK_LINES", 50)
    content = make_file(600)
    batches = [upload(content) for _ in range(4)]
    crowd(finish, batches, threads=4)
    assert sum(batch.accepted for batch in batches) == 600 == Code.objects.count()
    assert sum(batch.duplicate for batch in batches) == 1800
    assert_sound()


def test_one_batch_by_four_workers_is_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "CHUNK_LINES", 50)
    batch = upload(make_file(600))
    crowd(lambda _: run_import(batch_id=batch.public_id, seconds=0), range(40), threads=4)
    finish(batch)
    assert (batch.accepted, batch.duplicate, Code.objects.count()) == (600, 0, 600)
    assert_sound()
