import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core import audit, clock, crypto, rotation
from core.tx import step


class Command(BaseCommand):
    help = (
        "Rotate data keys while the shop sells; --ensure makes the first, --rewrap changes the KEK."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--ensure", action="store_true", help="only make the first key if missing"
        )
        parser.add_argument(
            "--rewrap", action="store_true", help="wrap all data keys under the last KEK"
        )
        parser.add_argument("--batch", type=int, default=200)

    def handle(self, *_: Any, **options: Any) -> None:
        if options["ensure"]:
            self.stdout.write(f"data key {crypto.ensure_data_key()} is active")
            return
        if options["rewrap"]:
            self.stdout.write(f"{rotation.rewrap()} data keys wrapped anew")
            return
        key_id, resealed = rotation.new_data_key(), 0
        # Other processes keep sealing under the former key until they next look: go round again
        # until two rounds in a row, apart in time, find nothing.
        quiet = 0
        while quiet < 2:  # noqa: PLR2004
            done = rotation.reseal_batch(options["batch"])
            resealed += done
            quiet = 0 if done else quiet + 1
            if not done:
                time.sleep(crypto.RING_SECONDS)
        retired = rotation.retire_unused()
        with step():
            audit.record(
                tag="keys:rotated",
                by="system",
                subject=f"datakey:{key_id}",
                now=clock.now(),
                after={"resealed": resealed, "retired": retired},
            )
        self.stdout.write(
            f"data key {key_id} is active; {resealed} values resealed; retired {retired}"
        )
