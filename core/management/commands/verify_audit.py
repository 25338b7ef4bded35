from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core import audit, clock


class Command(BaseCommand):
    help = "Walk the audit chain and print its head, to be kept as an anchor outside the database."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--anchor", help="SEQ:HASH as printed by an earlier run")

    def handle(self, *_: Any, **options: Any) -> None:
        while audit.seal(now=clock.now()):
            pass
        anchor = None
        if options["anchor"]:
            seq, _, link = options["anchor"].partition(":")
            anchor = (int(seq), link)
        flaw = audit.verify_chain(anchor=anchor)
        if flaw is not None:
            raise CommandError(f"link {flaw.seq}: {flaw.what}")
        seq, link = audit.head()
        self.stdout.write(f"{seq} entries are intact; anchor {seq}:{link}")
