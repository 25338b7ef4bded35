from typing import Any

from django.core.management.base import BaseCommand

from core import clock
from demo.goods import fill_shelves


class Command(BaseCommand):
    help = "Fill the shop with the demo's goods. What is there already stays as it is."

    def handle(self, *args: Any, **options: Any) -> None:
        plan = fill_shelves(now=clock.now())
        counts = ", ".join(f"{number} {outcome}" for outcome, number in plan.counts.items())
        self.stdout.write(f"catalogue: {counts}")
