"""The virtual environment: made without pip, filled by a pinned uv from hashed requirements."""

import hashlib
import subprocess
import sys
from pathlib import Path

from launcher.places import PYTHON, ROOT, VENV, Stop, complain, say

OLDEST = (3, 11)
# An environment with the larger set serves the smaller one too.
ACCEPTED = {"run": ("run", "test"), "test": ("test",)}


def _digest(name: str) -> str:
    return hashlib.sha256((ROOT / "requirements" / f"{name}.txt").read_bytes()).hexdigest()


def _is_synced(name: str) -> bool:
    stamp = VENV / f".{name}.sha256"
    return stamp.is_file() and stamp.read_text() == _digest(name)


def prepare(name: str) -> None:
    """Bring the environment to the locked set `run` or `test`; nothing to do is the usual case."""
    if sys.version_info < OLDEST:
        raise Stop(
            f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed; this is {sys.version.split()[0]}"
        )
    if PYTHON.exists() and any(_is_synced(each) for each in ACCEPTED[name]):
        return
    say("Installing the locked packages …")
    if not PYTHON.exists():
        _run(sys.executable, "-m", "venv", "--without-pip", str(VENV))
    uv = VENV / "bin" / "uv"
    if not uv.exists():
        _pip("-r", str(ROOT / "requirements" / "uv.txt"))
    _fill(uv, [str(ROOT / "requirements" / f"{each}.txt") for each in (name, "uv")])
    for stamp in VENV.glob(".*.sha256"):
        stamp.unlink()
    (VENV / f".{name}.sha256").write_text(_digest(name))


def _fill(uv: Path, locks: list[str]) -> None:
    """uv is quick; where it cannot reach the index as pip can (a mirror or authority only pip knows), pip does it."""
    sync = [str(uv), "pip", "sync", "--quiet", "--python", str(PYTHON), "--require-hashes", *locks]
    for command in (sync, [*sync, "--system-certs"]):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode == 0:
            return
    complain(
        f"uv could not install ({_last_line(done.stderr)}); pip is slower but may know the way …"
    )
    _pip(*(part for lock in locks for part in ("-r", lock)))


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--python", str(PYTHON), "--disable-pip-version-check"]
    _run(*command, "install", "--quiet", "--no-deps", "--require-hashes", *arguments)


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, cwd=ROOT)
    except subprocess.CalledProcessError as error:
        raise Stop(
            f"could not prepare the environment: {' '.join(command[:4])} … ended with {error.returncode}"
        ) from error
