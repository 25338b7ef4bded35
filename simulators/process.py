"""A simulator as a child process, for tests and for the try-out command."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parent.parent


class Simulator:
    """`with Simulator("localpay", state=dir, options=[...]) as sim: sim.url`.

    The port stays the same over `kill` and `start`, as that of a real supplier would.
    """

    def __init__(
        self,
        name: str,
        *,
        state: Path,
        options: list[str] | None = None,
        port: int = 0,
        module: str = "",
    ) -> None:
        """`module` is what is run when it is not `simulators.<name>`: a module or a file."""
        self.name = name
        self.state = state
        self.options = options or []
        self.module = module or f"simulators.{name}"
        self.port = port
        self.url = ""
        self._child: subprocess.Popen[str] | None = None

    def start(self) -> Self:
        """Returns when the ready line is there; raises RuntimeError when it never comes."""
        what = [self.module] if self.module.endswith(".py") else ["-m", self.module]
        command = [sys.executable, *what, "--port", str(self.port)]
        self._child = subprocess.Popen(
            [*command, "--state", str(self.state), *self.options],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        line = self._child.stdout.readline() if self._child.stdout else ""
        if " ready " not in line:
            self._child.wait(timeout=5)
            raise RuntimeError(f"{self.name} did not start: {line!r}")
        self.url = line.rsplit(" ", 1)[1].strip()
        self.port = int(self.url.rsplit(":", 1)[1])
        return self

    def stop(self) -> int:
        """SIGTERM and wait; returns the exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """SIGKILL: nothing may be lost by it."""
        return self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> int:
        if self._child is None:
            return 0
        child, self._child = self._child, None
        child.send_signal(number)
        code = child.wait(timeout=10)
        if child.stdout:
            child.stdout.close()
        return code

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
