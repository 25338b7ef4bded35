"""Places where tests may kill a process or take a guard away. Inert unless TEST_HOOKS is on.

A crash point fires when a file of its name lies in CRASH_DIR: the first process to reach it takes
the file away and is killed, as by `kill -9`. A guard is switched off only for a race test's
negative control: with it off, the test must fail.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

_off: set[str] = set()


def crashpoint(name: str) -> None:
    """Die here, if a test asked for it (catalogue: reliability CP01 to CP18)."""
    if not settings.TEST_HOOKS or not settings.CRASH_DIR:
        return
    try:
        os.unlink(Path(settings.CRASH_DIR) / name)  # noqa: PTH108  the unlink decides who dies
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def guard_off(name: str) -> bool:
    """Whether a negative control has taken this guard away."""
    return bool(settings.TEST_HOOKS) and (name in _off or name in settings.GUARDS_OFF)


@contextmanager
def without(name: str) -> Iterator[None]:
    """Take a guard away in this process. Raises RuntimeError unless TEST_HOOKS is on."""
    if not settings.TEST_HOOKS:
        raise RuntimeError("guards are only removable where TEST_HOOKS is on")
    _off.add(name)
    try:
        yield
    finally:
        _off.discard(name)
