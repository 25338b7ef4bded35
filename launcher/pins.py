"""`dev.py lock`: versions and hashes for every set, made by uv, without the name of any host."""

import argparse
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from launcher import environment
from launcher.places import ROOT, VENV, Stop, say

SETS = {
    "production": ("--no-dev",),
    "run": ("--no-dev", "--group", "embedded"),
    "test": ("--group", "embedded"),
}
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?(==[^\\\n]+?)\s*\\?$", re.MULTILINE)
HOST = re.compile(r"://|--(?:extra-)?index-url|--find-links")


def lock(arguments: list[str]) -> int:
    """Write requirements/*.txt from pyproject.toml, keeping versions that still fit unless told to upgrade."""
    parser = argparse.ArgumentParser(prog="dev.py lock")
    parser.add_argument(
        "--upgrade", action="store_true", help="take the newest versions that pyproject.toml allows"
    )
    chosen = parser.parse_args(arguments)
    environment.prepare("test")
    # In a folder of its own: uv.lock names hosts and must not even pass through the checkout.
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        _describe(project, keep=not chosen.upgrade)
        _uv(project, "lock", "--quiet")
        for name, which in SETS.items():
            target = project / f"{name}.txt"
            _uv(
                project,
                "export",
                "--quiet",
                *which,
                "--no-emit-project",
                "--no-header",
                "-o",
                str(target),
            )
            found = hosts(target)
            if found:
                raise Stop(f"{name}.txt would name a host: {found[0]}")
        for name in SETS:
            shutil.copyfile(project / f"{name}.txt", ROOT / "requirements" / f"{name}.txt")
    say("requirements/ is written")
    return 0


def hosts(path: Path) -> list[str]:
    """Lines of a lock that name a host or an index."""
    return [line for line in path.read_text().splitlines() if HOST.search(line)]


def _describe(project: Path, *, keep: bool) -> None:
    text = (ROOT / "pyproject.toml").read_text()
    if keep:
        # A package may be pinned twice, for different Pythons: the marker is part of the pin.
        pins = PINNED.findall((ROOT / "requirements" / "test.txt").read_text())
        listed = ", ".join(f'"{name}{version}"' for name, version in sorted(pins))
        text = text.replace("[tool.uv]\n", f"[tool.uv]\nconstraint-dependencies = [{listed}]\n", 1)
    (project / "pyproject.toml").write_text(text)


def _uv(project: Path, *arguments: str) -> None:
    done = subprocess.run(
        [VENV / "bin" / "uv", *arguments], cwd=project, capture_output=True, text=True
    )
    if done.returncode:
        raise Stop(f"uv {arguments[0]} failed:\n{done.stderr.strip()}")
