"""`dev.py run`: the whole shop on one machine, from nothing to an address, and clean away again."""

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from types import FrameType

from launcher import environment, translations
from launcher.keys import port
from launcher.places import PYTHON, ROOT, VENV, Stop, complain, say, state_folder
from launcher.processes import Child, end_leftovers, lock, start, wait_until
from launcher.services import Services
from launcher.surroundings import base_env

SIMULATORS = ("localpay", "supplier_c")


def run(arguments: list[str]) -> int:
    """Bring everything up, say where, and stay until told to stop or until one part dies."""
    parser = argparse.ArgumentParser(prog="dev.py run")
    parser.add_argument("--port", type=int, default=8000, help="where the shop answers (default 8000)")
    parser.add_argument("--fresh", action="store_true", help="forget all data of earlier runs first")
    chosen = parser.parse_args(arguments)
    environment.prepare("run")
    state = state_folder("run")
    held = lock(state / "lock")
    if held is None:
        raise Stop(f"it is running already (process {(state / 'lock').read_text()})")
    if chosen.fresh:
        forget(state)
    shop = Shop(state, chosen.port)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        shop.start()
        say(f"Quanyi is ready at {shop.url}")
        say(shop.accounts())
        return shop.watch()
    except KeyboardInterrupt:
        return 0
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        shop.stop()
        held.close()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def forget(state: Path) -> None:
    """Remove all data, keys and logs of the state folder; its lock stays ours."""
    end_leftovers(state)
    for path in state.iterdir():
        if path.name == "lock":
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


class Shop:
    """All processes of one running shop."""

    def __init__(self, state: Path, web_port: int) -> None:
        self.state = state
        self.port = web_port
        self.url = f"http://127.0.0.1:{web_port}"
        self.services = Services(state)
        self.children: list[Child] = []
        self.env: dict[str, str] = {}

    def start(self) -> None:
        translations.compile_catalogs()
        self.env = shop_env(self.state, self.port) | self.services.start()
        for name in SIMULATORS:
            self._simulator(name)
        self._prepare_data()
        self._web()
        self._child("worker", VENV / "bin" / "celery", "-A", "config", "worker", "-c", "2", "-l", "WARNING",
                    "--without-gossip", "--without-mingle")  # fmt: skip
        self._child("beat", VENV / "bin" / "celery", "-A", "config", "beat", "-l", "WARNING", "--pidfile=",
                    "-s", self.state / "beat")  # fmt: skip

    def _child(self, name: str, *command: str | Path) -> Child:
        child = start(name, command, state=self.state, env=self.env, cwd=ROOT)
        self.children.append(child)
        return child

    def _simulator(self, name: str) -> None:
        if not (ROOT / "simulators" / name / "__main__.py").is_file():
            return
        folder = self.state / name
        folder.mkdir(mode=0o700, exist_ok=True)
        number = str(port(self.state, name))
        self._child(name, PYTHON, "-m", f"simulators.{name}", "--port", number, "--state", folder)

    def _prepare_data(self) -> None:
        """Schema, static files and demo goods; each step again only when its sources changed."""
        remembered = Stamps(self.state / "stamps.json")
        own_database = not os.environ.get("DATABASE_URL")
        migrations = [*ROOT.glob("*/migrations/*.py"), ROOT / "requirements" / "run.txt", ROOT / "core" / "roles.py"]
        if not own_database or remembered.changed("migrate", migrations):
            self._manage("migrate", "-v0")
            remembered.keep("migrate", migrations)
        static = [*ROOT.glob("static/**/*"), *ROOT.glob("*/static/**/*"), ROOT / "requirements" / "run.txt"]
        if remembered.changed("static", static):
            self._manage("collectstatic", "--noinput", "-v0")
            remembered.keep("static", static)
        seed = ROOT / "demo" / "management" / "commands" / "seed_demo.py"
        if seed.is_file() and remembered.changed("seed", []):
            say("Filling the shop with demo goods …")
            self._manage("seed_demo")
            remembered.keep("seed", [])
        if (seed.parent / "demo_accounts.py").is_file() and not self._accounts_file.exists():
            self._accounts_file.write_text(self._manage("demo_accounts"))
            self._accounts_file.chmod(0o600)

    @property
    def _accounts_file(self) -> Path:
        return self.state / "accounts.txt"

    def _manage(self, *arguments: str) -> str:
        command = [str(PYTHON), "manage.py", *arguments]
        env = {**self.env, "DATABASE_POOL": "0"}
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
        if done.returncode:
            raise Stop(f"manage.py {arguments[0]} failed:\n{(done.stderr or done.stdout).strip()[-4000:]}")
        return done.stdout

    def _web(self) -> None:
        web = self._child("web", *web_command(self.port))

        def answers() -> bool:
            try:
                with urllib.request.urlopen(f"{self.url}/health/?format=text", timeout=2) as reply:
                    return bool(reply.status == 200)
            except (urllib.error.URLError, OSError):
                return False

        wait_until(answers, seconds=60, what=f"the shop at {self.url}", child=web)

    def accounts(self) -> str:
        """What to try, and as whom."""
        found = self._accounts_file.read_text().rstrip() if self._accounts_file.exists() else ""
        return f"{found}\nLogs: {self.state / 'log'}   Stop: Ctrl-C".lstrip()

    def watch(self) -> int:
        """Return only when a part has died; the others must not go on alone."""
        while True:
            for child in (*self.services.children, *self.children):
                if child.process.poll() is not None:
                    complain(f"dev.py: {child.name} ended with {child.process.returncode}; stopping the rest. Last words:")
                    complain(child.last_lines())
                    return 1
            time.sleep(0.3)

    def stop(self) -> None:
        """Web first, so that nobody is served by half a shop; the servers last."""
        for child in sorted(self.children, key=lambda each: each.name != "web"):
            child.stop()
        self.services.stop()


def shop_env(state: Path, web_port: int) -> dict[str, str]:
    """Environment of the shop's own programs."""
    metrics = state / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir(mode=0o700)
    env = base_env(state)
    return env | {
        "SITE_URL": os.environ.get("SITE_URL", f"http://127.0.0.1:{web_port}"),
        "DATABASE_POOL": "1",
        "PROMETHEUS_MULTIPROC_DIR": str(metrics),
        "FORM_TARGETS": env["LOCALPAY_URL"],
        "C_FORCE_ROOT": "1",
    }


def web_command(web_port: int, *, workers: int = 2, threads: int = 2) -> list[str | Path]:
    """The web server, as `run` and the benchmarks start it."""
    return [
        VENV / "bin" / "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(web_port),
        "--workers", str(workers), "--blocking-threads", str(threads), "--no-ws", "--http", "1",
        "--respawn-failed-workers", "--respawn-interval", "0.5", "--workers-kill-timeout", "10",
        "--log-level", "warning", "config.wsgi:application",
    ]  # fmt: skip


class Stamps:
    """Which sources a step was last done for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}

    def changed(self, step: str, sources: Iterable[Path]) -> bool:
        return self.kept.get(step) != _digest(sources)

    def keep(self, step: str, sources: Iterable[Path]) -> None:
        self.kept[step] = _digest(sources)
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(self.kept))
        fresh.replace(self.path)


def _digest(sources: Iterable[Path]) -> str:
    seen = hashlib.sha256()
    for path in sorted(sources):
        if path.is_file():
            seen.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return seen.hexdigest()
