"""The demo's code files, imported as an operator would import them, each at what it cost."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from catalog.models import Sku
from core import clock
from demo.places import CODE_FILES, CODES
from fulfillment.models import CodeBatch
from fulfillment.services.imports.import_codes import ImportRequest, import_codes
from fulfillment.services.imports.run_import import run_import
from fulfillment.states import BatchState

BY = "system:demo"
WAITING = (BatchState.QUEUED, BatchState.RUNNING)
PIECE = 64 * 1024


def fill_vault() -> Iterator[tuple[str, CodeBatch]]:
    """Import every file that is not in yet, in order; yields file name and finished batch.

    A file that a killed run left half imported goes on where it stopped.
    """
    for name, code in CODE_FILES.items():
        yield name, _import(CODES / name, Sku.objects.get(code=code))


def _import(path: Path, sku: Sku) -> CodeBatch:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    batch = CodeBatch.objects.filter(sku=sku, file_sha256=sha256, dry_run=False).first()
    if batch is None:
        with path.open("rb") as file:
            batch = import_codes(
                ImportRequest(sku_id=sku.pk, file_name=path.name, cost_minor=sku.cost_minor),
                chunks=iter(lambda: file.read(PIECE), b""), by=BY, now=clock.now(),
            )  # fmt: skip
    while batch.state in WAITING:
        run_import(batch_id=batch.public_id, seconds=5)
        batch.refresh_from_db()
    return batch
