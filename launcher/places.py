"""Where things lie: the checkout, its environment, and the state folders outside it."""

import hashlib
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
# Outlives a restart and is short; what we make there is checked to be ours.
SHARED = Path("/var/tmp")  # noqa: S108
LONGEST_SOCKET_FOLDER = 80


# What to run: program and arguments.
Command = list[str | Path]


class Stop(Exception):
    """Something the person at the keyboard must know; printed without a trace."""


def say(words: str) -> None:
    print(words, flush=True)


def complain(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _tag(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _private(folder: Path) -> Path:
    """Make a folder that is ours alone; a guessable name must not be somebody else's trap."""
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    seen = folder.lstat()
    if folder.is_symlink() or seen.st_uid != os.geteuid():
        raise Stop(f"{folder} belongs to someone else; set QUANYI_STATE to a folder of your own")
    return folder


def base_folder() -> Path:
    """All state of this checkout and this person; QUANYI_STATE moves it."""
    chosen = os.environ.get("QUANYI_STATE")
    name = f"quanyi-{os.geteuid()}-{_tag(str(ROOT))}"
    return _private(Path(chosen).resolve() if chosen else SHARED / name)


def state_folder(kind: str) -> Path:
    """`run` and each slot of `test` keep apart."""
    return _private(base_folder() / kind)


def socket_folder(state: Path) -> Path:
    """Unix sockets stop at 107 bytes, so a long state path gets a short folder for them."""
    if len(str(state)) <= LONGEST_SOCKET_FOLDER:
        return state
    return _private(SHARED / f"quanyi-s-{os.geteuid()}-{_tag(str(state))}")


def site_packages() -> Path:
    return next((VENV / "lib").glob("python3*/site-packages"))
