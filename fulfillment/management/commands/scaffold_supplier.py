"""Begin a new dialect: an adapter that works, its counterpart, and the tests it must pass."""

import re
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

TEMPLATES = Path(__file__).resolve().parents[1] / "scaffold"
NAME = re.compile(r"[a-z][a-z0-9_]{2,31}")


class Command(BaseCommand):
    """Writes two new folders and touches nothing else; refuses when either is there."""

    help = (
        "Write a working adapter for a dialect of the given name, with a counterpart that plays the "
        "supplier and the conformance suite over both. Then change it to what your supplier's "
        "document says; docs/suppliers.md goes along."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the dialect's name, such as rest_acme")
        parser.add_argument("--title", default="", help="as the back office shows it")
        parser.add_argument("--into", type=Path, default=settings.BASE_DIR, help="another tree")

    def handle(self, *_args: Any, **options: Any) -> None:
        name, root = options["name"], options["into"]
        if not NAME.fullmatch(name):
            raise CommandError("a name is 3 to 32 of a-z, 0-9 and _, and begins with a letter")
        folders = {
            "adapter": root / "fulfillment" / "suppliers" / name,
            "tests": root / "tests" / "fulfillment" / "suppliers" / name,
        }
        taken = [str(folder) for folder in folders.values() if folder.exists()]
        if taken:
            raise CommandError(f"{taken[0]} is there already")
        words = {
            "@name@": name,
            "@Class@": "".join(part.capitalize() for part in name.split("_")),
            "@Title@": options["title"] or name.replace("_", " "),
        }
        for template in sorted(TEMPLATES.glob("*.txt")):
            part, _, file = template.name.removesuffix(".txt").partition("_")
            target = folders[part] / (f"test_{name}.py" if file == "test.py" else file)
            target.parent.mkdir(parents=True, exist_ok=True)
            text = template.read_text("utf-8")
            for mark, word in words.items():
                text = text.replace(mark, word)
            target.write_text(text, "utf-8")
            self.stdout.write(str(target.relative_to(root)))
        self.stdout.write(f"Try it: python dev.py test {folders['tests'].relative_to(root)} -n0")
