"""`manage.py forecast [FILE.csv]`: how well each SKU can be forecast, and which model is used."""

from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.models import Sku
from core import clock
from fulfillment.models import DailyDemand
from fulfillment.purchasing.csvfile import BadFile, DailySales, read_sales
from fulfillment.purchasing.judge import INSIDE, PROOF, Judgement, prove
from fulfillment.purchasing.outlook import look_ahead
from fulfillment.purchasing.series import Occasion, Series
from fulfillment.queries.demand import histories, occasions
from fulfillment.services.purchasing.count_demand import last_settled

SHOWN_LINES = 20
FORTNIGHT = 14
WORDS = {
    "no_columns": "the first line must name the columns sku, date and units",
    "too_many_lines": "too many lines",
    "too_few_cells": "fewer cells than the header",
    "bad_sku": "no SKU, or a very long one",
    "bad_date": "not a date such as 2026-11-01",
    "bad_units": "not a whole number",
    "negative_units": "less than nothing",
    "too_many_units": "absurdly many units",
    "too_many_skus": "too many SKUs",
}


class Command(BaseCommand):
    """Nothing is written: neither to the database nor to the file."""

    help = (
        "Judge forecasts by MASE over rolling origins, model against seasonal naive, on a CSV with the "
        "columns sku, date, units (an empty units is a sold-out day), or without a file on the shop's "
        "own history."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path)
        parser.add_argument(
            "--no-calendar", action="store_true", help="leave holidays and promotions out"
        )
        parser.add_argument("--lines", type=int, default=SHOWN_LINES, help="refused lines to list")

    def handle(self, *_: Any, **options: Any) -> None:
        if options["file"]:
            found = self._read(options["file"])
            self._verdicts(found, options["lines"])
            chosen = [(series, series.key, occasions()) for series in found.series]
        else:
            chosen = self._own()
        if not chosen:
            raise CommandError("there is no history to judge")
        if options["no_calendar"]:
            chosen = [(series, name, []) for series, name, _calendar in chosen]
        self._judge(chosen)

    def _read(self, path: Path) -> DailySales:
        try:
            with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
                return read_sales(file)
        except (OSError, BadFile) as error:
            raise CommandError(f"{path.name}: {WORDS.get(str(error), error)}") from error

    def _verdicts(self, found: DailySales, most: int) -> None:
        self.stdout.write(
            f"{found.taken} lines taken ({found.added_up} added to another of their day),"
            f" {len(found.refused)} refused"
        )
        for why, count in Counter(bad.why for bad in found.refused).most_common():
            self.stdout.write(f"  {count} × {WORDS[why]}")
        for bad in found.refused[:most]:
            self.stdout.write(f"  line {bad.line}: {WORDS[bad.why]}")

    def _own(self) -> list[tuple[Series, str, list[Occasion]]]:
        last = last_settled(clock.now())
        codes = dict(
            Sku.objects.filter(pk__in=DailyDemand.objects.values("sku")).values_list("pk", "code")
        )
        past = histories(list(codes), until=last)
        return [
            (past[pk], code, occasions(pk))
            for pk, code in sorted(codes.items(), key=lambda each: each[1])
            if pk in past
        ]

    def _judge(self, chosen: list[tuple[Series, str, list[Occasion]]]) -> None:
        self.stdout.write(
            f"MASE over {PROOF} later mornings, {FORTNIGHT} days each; chosen on earlier ones."
            " 1 = as good as last week.\n"
            f"{'SKU':24}{'days':>6}{'by':>6}{'naive':>8}{'model':>8} {'':5}{'used':>7}{'MASE':>8}"
            f"{'in range':>10}{'next 14 days':>22}"
        )
        judged = []
        for series, name, calendar in chosen:
            judgement = prove(series, calendar)
            judged.append(judgement)
            self.stdout.write(_row(series, name, calendar, judgement))
        self._total(judged)

    def _total(self, judged: list[Judgement]) -> None:
        known = [each for each in judged if each.mase_used is not None]
        if known:
            means = {
                name: sum(getattr(each, f"mase_{name}") or 0.0 for each in known) / len(known)
                for name in ("naive", "model", "used")
            }
            inside, seen = (sum(each.coverage[i] for each in known) for i in (0, 1))
            self.stdout.write(
                f"{'all':24}{'':6}{'':6}{means['naive']:8.3f}{means['model']:8.3f} {'':5}{'':7}"
                f"{means['used']:8.3f}{inside / seen if seen else 0:10.0%}"
            )
            self.stdout.write(
                f"range: {inside} of {seen} days inside, {INSIDE:.0%} wanted;"
                f" whole fortnights {sum(e.spans[0] for e in known)} of {sum(e.spans[1] for e in known)}"
            )
        uses = Counter(each.used for each in judged)
        self.stdout.write(
            f"{len(judged)} SKUs, {len(judged) - len(known)} too short to prove; used: "
            + ", ".join(f"{name} {count}" for name, count in sorted(uses.items()))
        )


def _row(series: Series, name: str, calendar: list[Occasion], judged: Judgement) -> str:
    ahead = look_ahead(series, calendar, judged, days=FORTNIGHT)
    inside, seen = judged.coverage
    return (
        f"{name[:23]:24}{len(series):6}{'week' if judged.span > 1 else 'day':>6}"
        f"{_figure(judged.mase_naive)}{_figure(judged.mase_model)} {judged.model:5}"
        f"{judged.used:>7}{_figure(judged.mase_used)}"
        f"{f'{inside / seen:.0%}' if seen else '–':>10}"
        f"{f'{ahead.expected(FORTNIGHT):.0f} (95 %: {ahead.at_level(FORTNIGHT, 95)})':>22}"
    )


def _figure(value: float | None) -> str:
    return f"{'–':>8}" if value is None else f"{value:8.3f}"
