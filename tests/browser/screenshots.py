"""`dev.py screenshots`: every page of a freshly filled shop, at both widths, into docs/screenshots/."""

import argparse
import os
from itertools import groupby
from pathlib import Path

import django

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "screenshots"
HEAD = """# What it looks like

Made by `python3 dev.py screenshots` against a freshly filled shop; 390 is a phone, 1280 a desktop.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True, help="address of the running shop")
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument(
        "--only", default="", help="pattern of names, such as office-; the index stays as it is"
    )
    chosen = parser.parse_args()
    django.setup()
    _take(chosen.url, chosen.out, chosen.only)


def _take(url: str, folder: Path, only: str) -> None:
    from simulators.supplier_c.script import Supplier
    from tests.browser import (
        balance_stories,
        bundle_stories,
        edition_stories,
        flash_stories,
        group_stories,
        office_stories,
        promotion_stories,
        reward_stories,
        setup_stories,
        stories,
        till_stories,
    )
    from tests.browser.studio import Studio

    folder.mkdir(parents=True, exist_ok=True)
    supplier = Supplier(os.environ["SUPPLIER_C_URL"])
    with Studio(url, folder, only=only) as studio:
        stories.shelves(studio)
        stories.buying(studio, supplier)
        stories.people(studio)
        bundle_stories.bundles(studio, supplier)
        edition_stories.editions(studio)
        till_stories.counter(studio)
        promotion_stories.promotions(studio)
        balance_stories.balances(studio)
        flash_stories.flash_sales(studio)
        group_stories.groups(studio)
        reward_stories.rewards(studio)
        office_stories.office(studio, supplier)
        setup_stories.setups(studio)
        if only:
            return
        kept = {picture.file for picture in studio.pictures}
        for old in folder.glob("*.png"):
            if old.name not in kept:
                old.unlink()
        lines = [HEAD]
        for chapter, pictures in groupby(studio.pictures, key=lambda picture: picture.chapter):
            lines += [f"\n## {chapter}\n\n| page | picture |\n|---|---|\n"]
            for title, ones in groupby(pictures, key=lambda picture: picture.title):
                shown = " ".join(f"[{one.file.removesuffix('.png')}]({one.file})" for one in ones)
                lines += [f"| {title} | {shown} |\n"]
        (folder / "README.md").write_text("".join(lines))
        print(
            f"{len(kept)} pictures, {sum(one.stat().st_size for one in folder.glob('*.png')) // 1024} KB"
        )


if __name__ == "__main__":
    main()
