"""`manage.py count_demand --since 2025-01-01`: count the days anew, however often."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand

from core import clock
from fulfillment.services.purchasing.count_demand import count_demand
from fulfillment.services.purchasing.refresh_forecasts import refresh_forecasts


class Command(BaseCommand):
    help = "Count demand by SKU and day from deliveries, and forecast from it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since", type=date.fromisoformat, help="from this day on; else what is missing"
        )
        parser.add_argument("--no-forecasts", action="store_true", help="count only")

    def handle(self, *_: Any, **options: Any) -> None:
        rows = count_demand(now=clock.now(), since=options["since"])
        self.stdout.write(f"{rows} rows of demand written")
        if not options["no_forecasts"]:
            while refresh_forecasts(now=clock.now()):
                self.stdout.write("forecasting …")
            self.stdout.write("forecasts are up to date")
