"""What every test of this floor needs: a data key, and nothing remembered of another database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog import snapshot
from core import ledger
from core.crypto import ensure_data_key, forget_keys


@pytest.fixture(autouse=True)
def _vault(request: pytest.FixtureRequest, settings: object, tmp_path: Path) -> Iterator[None]:
    settings.STATE_DIR = tmp_path  # type: ignore[attr-defined]
    snapshot.forget()
    ledger.forget_accounts()
    forget_keys()
    wants_rows = request.node.get_closest_marker("django_db") is not None
    if wants_rows or "committed" in request.fixturenames:
        request.getfixturevalue("committed" if "committed" in request.fixturenames else "db")
        ensure_data_key()
    yield
    snapshot.forget()
    ledger.forget_accounts()
    forget_keys()
