from typing import Any

from django.core.management.base import BaseCommand

from catalog.services.ensure_base_rows import ensure_base_rows
from core.tx import step


class Command(BaseCommand):
    help = "Write the rows every shop needs (default channel, price list, product types), where missing."

    def handle(self, *args: Any, **options: Any) -> None:
        with step():
            channel = ensure_base_rows(with_blocks=True)
        self.stdout.write(f"default channel: {channel.code}")
