"""The files of the project, as the architecture tests read them."""

import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FLOORS = (
    "core",
    "risk",
    "accounts",
    "catalog",
    "fulfillment",
    "orders",
    "distribution",
    "analytics",
    "config",
)
BESIDE = ("launcher", "simulators", "benchmarks", "demo", "tests")


@cache
def tracked() -> tuple[Path, ...]:
    """What git keeps and what it would keep; an export without git falls back to the folders."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode == 0:
        names = done.stdout.decode().split("\0")
        return tuple(path for name in names if name and (path := ROOT / name).is_file())
    tops = (*FLOORS, *BESIDE, "templates", "static", "requirements", "docs")
    return tuple(path for top in tops for path in (ROOT / top).rglob("*") if path.is_file())


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def python(*, tests: bool = False) -> tuple[Path, ...]:
    """Our Python files; migrations are written by Django and not counted."""
    found = (path for path in tracked() if path.suffix == ".py" and "migrations" not in path.parts)
    return tuple(path for path in found if tests or not named(path).startswith("tests/"))


@cache
def templates() -> tuple[Path, ...]:
    return tuple(
        path for path in tracked() if path.suffix in {".html", ".txt"} and "templates" in path.parts
    )


@cache
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())
