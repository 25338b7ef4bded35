"""Children that die with us, remember who they are, and are never looked for by name."""

import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from launcher.places import Stop

MARK = "QUANYI_STARTED_FOR"
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass
class Child:
    """One process we started; it leads a session of its own, so Ctrl-C reaches only us."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    stop_signal: int
    pid_file: Path

    def stop(self, seconds: float = 20.0) -> None:
        """Ask, wait, then insist; the whole session ends."""
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        end_session(self.process.pid)
        self.pid_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """As by `kill -9` of the whole group: nothing gets to clean up."""
        self.process.kill()
        end_session(self.process.pid)
        self.process.wait(10)

    def last_lines(self, count: int = 25) -> str:
        return (
            "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])
            if self.log.exists()
            else ""
        )


def start(
    name: str,
    command: Sequence[str | Path],
    *,
    state: Path,
    env: Mapping[str, str],
    cwd: Path,
    stop_signal: int = signal.SIGTERM,
    **identity: Any,
) -> Child:
    """Start a child whose output goes to a file, and who is told when we die."""
    folder = state / "log"
    folder.mkdir(mode=0o700, exist_ok=True)
    log = folder / f"{name}.log"
    _rotate(log)

    def die_with_parent() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, stop_signal)

    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env={**env, MARK: str(state)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,
            **identity,
        )
    pid_file = state / f"{name}.pid"
    pid_file.write_text(str(process.pid))
    return Child(name, process, log, stop_signal, pid_file)


def _rotate(log: Path, largest: int = 20_000_000) -> None:
    if log.exists() and log.stat().st_size > largest:
        log.replace(log.with_suffix(".log.1"))


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def _is_marked(pid: int, state: Path) -> bool:
    try:
        words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return f"{MARK}={state}".encode() in words


def _members(session: int) -> list[int]:
    numbers = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in numbers if pid != os.getpid() and _session(pid) == session]


def end_session(session: int, state: Path | None = None) -> None:
    """Kill what is left of a session we led; with `state`, only processes that carry its mark."""
    for pid in _members(session):
        if state is None or _is_marked(pid, state):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def end_leftovers(state: Path) -> None:
    """After a kill -9 of the launcher: end whatever the recorded pids still run for this state folder."""
    for pid_file in state.glob("*.pid"):
        text = pid_file.read_text().strip()
        session = int(text) if text.isdigit() else 0
        marked = [pid for pid in _members(session) if _is_marked(pid, state)] if session else []
        for pid in marked:
            # SIGQUIT: PostgreSQL's immediate stop takes its children along and recovers at the next start.
            _signal(pid, signal.SIGQUIT if pid_file.stem == "postgres" else signal.SIGTERM)
        _wait_gone(marked, 10.0)
        if session:
            end_session(session, state)
            _wait_gone(marked, 5.0)
        pid_file.unlink(missing_ok=True)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _wait_gone(pids: Sequence[int], seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and any(_is_running(pid) for pid in pids):
        time.sleep(0.05)


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def lock(path: Path) -> IO[str] | None:
    """Hold `path` for as long as the returned file is open; None when somebody else holds it."""
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def wait_until(ready: Any, *, seconds: float, what: str, child: Child | None = None) -> None:
    """Poll `ready()`; complain with the child's last words when it never comes."""
    until = time.monotonic() + seconds
    while not ready():
        if child and child.process.poll() is not None:
            raise Stop(f"{what} ended at once:\n{child.last_lines()}")
        if time.monotonic() > until:
            raise Stop(
                f"{what} did not answer in {seconds:.0f} s"
                + (f":\n{child.last_lines()}" if child else "")
            )
        time.sleep(0.05)
