"""Message catalogs: compiled at set-up by Babel, so that no gettext programs are needed."""

import subprocess
import sys

from launcher.places import PYTHON, ROOT, Stop

COMPILE = """
import pathlib, sys
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
for source in pathlib.Path(sys.argv[1]).glob("*/locale/*/LC_MESSAGES/django.po"):
    target = source.with_suffix(".mo")
    if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
        continue
    with source.open("rb") as file:
        catalog = read_po(file, abort_invalid=True)
    fresh = target.with_suffix(".mo.new")
    with fresh.open("wb") as file:
        write_mo(file, catalog)
    fresh.replace(target)
"""


def compile_catalogs() -> None:
    """Write the .mo of every .po that changed since."""
    if subprocess.run(
        [PYTHON if PYTHON.exists() else sys.executable, "-c", COMPILE, str(ROOT)]
    ).returncode:
        raise Stop("a message catalog could not be compiled")


if __name__ == "__main__":
    compile_catalogs()
