"""`manage.py reconcile --day 2026-01-31`: compare a day with everybody else's books, now."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import clock
from core.models import Comparison, DifferenceState
from core.reconciliation.runs import RUNS, reconcile, refresh_statement
from core.reconciliation.values import DAY, day_of


class Command(BaseCommand):
    help = "Compares our books with statements and sub-ledgers; prints a line per comparison."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--day", help="YYYY-MM-DD in Asia/Shanghai; yesterday unless told")
        parser.add_argument("--run", default="", help="only this run: " + ", ".join(RUNS.all()))
        parser.add_argument("--fetch", action="store_true", help="fetch kept statements anew too")

    def handle(self, *_args: Any, **options: Any) -> None:
        now = clock.now()
        try:
            day = date.fromisoformat(options["day"]) if options["day"] else day_of(now) - DAY
        except ValueError as error:
            raise CommandError("a day is written YYYY-MM-DD") from error
        if options["run"] and options["run"] not in RUNS:
            raise CommandError(f"no such run; there are: {', '.join(RUNS.all())}")
        for run in RUNS:
            for party in run.parties() if options["run"] in ("", run.name) else ():
                if options["fetch"] and run.reads_statements:
                    refresh_statement(name=run.name, party=party.code, day=day, now=now)
                self._say(reconcile(name=run.name, party=party.code, day=day, now=now))

    def _say(self, row: Comparison) -> None:
        unsettled = row.differences.exclude(state=DifferenceState.CLOSED).count()
        self.stdout.write(
            f"{row.day} {row.name:<9} {row.party:<28} {row.state:<8}"
            f" theirs {row.theirs_count:>6} ours {row.ours_count:>6}"
            f" matched {row.matched + row.other_day:>6} differences {row.found:>3}"
            f" open {unsettled:>3}  {row.seconds:.2f} s"
        )
