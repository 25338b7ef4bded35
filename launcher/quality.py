"""`dev.py check`: form, types, contracts and what Django itself can tell, in one go."""

import os
import subprocess
import time
from pathlib import Path

from launcher import environment, translations
from launcher.pins import hosts
from launcher.places import PYTHON, ROOT, VENV, Command, complain, say, state_folder
from launcher.surroundings import base_env

BIN = VENV / "bin"


def _templates() -> list[str]:
    patterns = ("templates/**/*.html", "*/templates/**/*.html")
    return sorted(
        str(path.relative_to(ROOT))
        for pattern in patterns
        for path in ROOT.glob(pattern)
        if _ours(path)
    )


def _ours(path: Path) -> bool:
    return not path.is_relative_to(VENV)


def checks() -> dict[str, Command]:
    """Each check by name, with its command."""
    manage: Command = [PYTHON, "manage.py"]
    return {
        "format": [BIN / "ruff", "format", "--check", "."],
        "lint": [BIN / "ruff", "check", "."],
        "types": [BIN / "mypy", "."],
        "floors": [BIN / "lint-imports", "--no-cache"],
        "templates": [BIN / "djlint", "--lint", "--quiet", *_templates()],
        "template form": [BIN / "djade", "--check", "--target-version", "5.2", *_templates()],
        "migrations": [*manage, "makemigrations", "--check", "--dry-run", "-v0"],
        "django": [*manage, "check", "--fail-level", "WARNING"],
    }


def check(arguments: list[str]) -> int:
    """Run all checks, or those named; every complaint is shown, not only the first."""
    environment.prepare("test")
    translations.compile_catalogs()
    state = state_folder("check")
    env = {**base_env(state), "STATIC_MANIFEST": "0", "PYTHONPATH": str(ROOT)}
    env.setdefault("DATABASE_URL", "postgresql://quanyi_app@/nowhere?host=/nonexistent")
    known = checks()
    wanted = {
        name: command for name, command in known.items() if not arguments or name in arguments
    }
    unknown = set(arguments) - set(known)
    if unknown:
        complain(f"no such check: {', '.join(sorted(unknown))}; there are: {', '.join(known)}")
        return 2
    bad = [name for name, command in wanted.items() if not _passes(name, command, env)]
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        for line in hosts(path):
            bad.append("pins")
            complain(f"{path.name} names a host: {line}")
    say(
        f"check: {len(wanted) - len(bad)} of {len(wanted)} passed"
        + (f"; failed: {', '.join(bad)}" if bad else "")
    )
    return 1 if bad else 0


def _passes(name: str, command: Command, env: dict[str, str]) -> bool:
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    took = time.monotonic() - began
    say(f"  {'ok ' if done.returncode == 0 else 'BAD'} {name} ({took:.1f} s)")
    if done.returncode:
        complain(
            os.linesep.join(part.rstrip() for part in (done.stdout, done.stderr) if part.strip())
        )
    return done.returncode == 0
