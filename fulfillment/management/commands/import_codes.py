"""`manage.py import_codes FILE --sku JD-E-100`: import a file of codes and say what became of each line."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.models import Sku
from core import clock
from core.money import parse_minor
from fulfillment.codefiles.store import FileRefused
from fulfillment.models import CodeBatch, Supplier
from fulfillment.services.imports.import_codes import ImportRefused, ImportRequest, import_codes
from fulfillment.services.imports.run_import import run_import
from fulfillment.states import BatchState, Verdict

PIECE = 256 * 1024
BY = "system:import_codes"
SHOWN_LINES = 200


class Command(BaseCommand):
    help = "Import a file of codes (txt, CSV, XLSX) into the vault."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--sku", required=True, help="code of the SKU, such as JD-E-100")
        parser.add_argument(
            "--dry-run", action="store_true", help="check every line, import nothing"
        )
        parser.add_argument("--supplier", default="", help="code of the supplier it came from")
        parser.add_argument("--cost", default="", help="cost of one code, such as 95.50")
        parser.add_argument(
            "--prepaid", action="store_true", help="paid from the supplier's prepaid money"
        )
        parser.add_argument(
            "--expires", type=date.fromisoformat, help="last day of lines that name none"
        )
        parser.add_argument(
            "--single", action="store_true", help="each line is one code without a number"
        )
        parser.add_argument("--lines", type=int, default=SHOWN_LINES, help="refused lines to list")

    def handle(self, *_: Any, **options: Any) -> None:
        path: Path = options["file"]
        sku = Sku.objects.filter(code=options["sku"]).first()
        if sku is None:
            raise CommandError(f"no SKU {options['sku']}")
        request = ImportRequest(
            sku_id=sku.pk, file_name=path.name, supplier_id=self._supplier(options["supplier"]),
            cost_minor=parse_minor(options["cost"], sku.currency) if options["cost"] else None,
            paid_from="prepaid" if options["prepaid"] else "bank", expires_on=options["expires"],
            layout="single" if options["single"] else "pair", dry_run=options["dry_run"],
        )  # fmt: skip
        try:
            with path.open("rb") as file:
                batch = import_codes(
                    request, chunks=iter(lambda: file.read(PIECE), b""), by=BY, now=clock.now()
                )
        except (OSError, FileRefused, ImportRefused) as error:
            raise CommandError(f"{path.name}: {error}") from error
        self._finish(self._run(batch), options["lines"])

    def _supplier(self, code: str) -> int | None:
        if not code:
            return None
        supplier = Supplier.objects.filter(code=code).first()
        if supplier is None:
            raise CommandError(f"no supplier {code}")
        return supplier.pk

    def _run(self, batch: CodeBatch) -> CodeBatch:
        """Work here and now; a worker that was woken meanwhile takes turns by the lease."""
        for _ in self._passes(batch):
            batch.refresh_from_db()
            if sys.stderr.isatty():
                self.stderr.write(f"{batch.lines_done} lines, {batch.percent} %", ending="\r")
        return batch

    def _passes(self, batch: CodeBatch) -> Iterator[None]:
        waiting = (BatchState.QUEUED, BatchState.RUNNING)
        while batch.state in waiting:
            run_import(batch_id=batch.public_id, seconds=2)
            yield

    def _finish(self, batch: CodeBatch, shown: int) -> None:
        for line in batch.refused_lines.all()[:shown]:
            self.stdout.write(f"line {line.line}: {line.verdict} {line.masked}".rstrip())
        left = batch.declared - batch.accepted - shown
        if left > 0:
            self.stdout.write(f"… and {left} more")
        counts = " ".join(f"{name}={batch.counts.get(name, 0)}" for name in Verdict.values)
        self.stdout.write(f"{batch.public_id} {batch.state} lines={batch.declared} {counts}")
        if batch.state not in (BatchState.FINISHED, BatchState.CHECKED):
            raise CommandError(f"{batch.state}: {batch.problem}")
