from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core import clock, invariants


class Command(BaseCommand):
    help = "Run every registered invariant; exits with 1 and the rows when one does not hold."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--at-rest", action="store_true", help="nothing may be pending any more"
        )
        parser.add_argument("--only", default="", help="ids that start with this, such as INV-L")

    def handle(self, *_: Any, **options: Any) -> None:
        grace = 0.0 if options["at_rest"] else 1.0
        found = invariants.check_all(now=clock.now(), grace=grace, only=options["only"])
        for violation in found:
            self.stderr.write(str(violation))
        checked = sum(inv.id.startswith(options["only"]) for inv in invariants.INVARIANTS)
        if found:
            raise CommandError(f"{len(found)} of {checked} invariants do not hold")
        self.stdout.write(f"{checked} invariants hold")
