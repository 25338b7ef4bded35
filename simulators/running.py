"""Starting and stopping a simulator as a process of its own."""

import argparse
import signal
import threading
from pathlib import Path

from simulators.server import Router, Server


def parser(name: str) -> argparse.ArgumentParser:
    out = argparse.ArgumentParser(prog=f"python -m simulators.{name}")
    out.add_argument("--host", default="127.0.0.1", help="/truth and /control stay on loopback")
    out.add_argument("--port", type=int, default=0, help="0 takes any free port")
    out.add_argument("--state", type=Path, required=True, help="directory of the truth log")
    out.add_argument("--seed", type=int, default=0, help="seed of faults by chance")
    return out


def ladder(text: str) -> list[float]:
    """Seconds between tries, as `1,3,10`."""
    return [float(part) for part in text.split(",") if part.strip()]


def serve(name: str, *, host: str, port: int, state: Path, router: Router) -> None:
    """Print the ready line, then serve until SIGTERM or SIGINT."""
    server = Server(host, port, router)
    (state / "url").write_text(server.url + "\n")

    def stop(*_: object) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"{name} ready {server.url}", flush=True)
    server.serve_forever(poll_interval=0.05)
    server.server_close()
