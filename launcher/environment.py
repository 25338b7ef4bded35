"""The virtual environment: made without pip, filled by a pinned uv from hashed requirements."""

import hashlib
import subprocess
import sys

from launcher.places import PYTHON, ROOT, VENV, Stop, say

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
        _run(
            sys.executable, "-m", "pip", "--python", str(PYTHON), "--disable-pip-version-check", "install", "--quiet",
            "--no-deps", "--require-hashes", "-r", str(ROOT / "requirements" / "uv.txt"),
        )  # fmt: skip
    locks = (str(ROOT / "requirements" / f"{each}.txt") for each in (name, "uv"))
    _run(str(uv), "pip", "sync", "--quiet", "--python", str(PYTHON), "--require-hashes", *locks)
    for stamp in VENV.glob(".*.sha256"):
        stamp.unlink()
    (VENV / f".{name}.sha256").write_text(_digest(name))


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, cwd=ROOT)
    except subprocess.CalledProcessError as error:
        raise Stop(
            f"could not prepare the environment: {' '.join(command[:4])} … ended with {error.returncode}"
        ) from error
