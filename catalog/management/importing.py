"""What the commands that import a file have in common."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.importing.plan import REFUSED, Plan
from catalog.importing.rows import MAX_BYTES, UnreadableFile
from core import clock


class ImportCommand(BaseCommand):
    """Takes a file in, or judges it only, and says what became of its lines."""

    #: The service that imports this kind of file.
    service: Callable[..., Plan[Any]]

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--dry-run", action="store_true", help="judge every line, write nothing"
        )

    def handle(self, *args: Any, file: Path, dry_run: bool, **options: Any) -> None:
        try:
            with file.open("rb") as stream:
                content = stream.read(MAX_BYTES + 1)
            plan = self.service(
                content=content, now=clock.now(), acting="system", dry_run=dry_run, source=file.name
            )
        except (OSError, UnreadableFile) as error:
            raise CommandError(str(error)) from error
        for verdict in plan.verdicts:
            if verdict.outcome == REFUSED or (options["verbosity"] > 1 and verdict.reason):
                self.stdout.write(
                    f"{verdict.line}: {verdict.sku_code} {verdict.outcome}: {verdict.reason}"
                )
        counts = ", ".join(f"{number} {outcome}" for outcome, number in plan.counts.items())
        self.stdout.write(("dry run: " if dry_run else "") + counts)
