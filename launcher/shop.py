"""The shop as processes: servers, simulators, web, worker and beat."""

import hashlib
import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path

from launcher import translations
from launcher.keys import port, rsa_pair
from launcher.places import PYTHON, ROOT, VENV, Command, Stop, complain, say
from launcher.processes import Child, end_session, start, wait_until
from launcher.services import Services
from launcher.surroundings import base_env

SIMULATORS = ("localpay", "supplier_a", "supplier_b", "supplier_c")
#: How the suppliers differ besides their dialect: prices, and what B's family leaves open.
SUPPLIER_OPTIONS: dict[str, Sequence[str]] = {
    "supplier_a": ("--price-percent", "98"),
    "supplier_b": ("--price-percent", "103", "--tail", "&", "--charset", "gbk", "--ack", "ok"),
    "supplier_c": (),
}
#: A part that dies more often than this within so many seconds is not put up again.
MOST_DEATHS, DEATHS_WITHIN = 5, 60.0


class Shop:
    """All processes of one running shop, each of which can be stopped and started by name."""

    def __init__(
        self,
        state: Path,
        web_port: int,
        *,
        services: Services | None = None,
        demo: bool = True,
        extra: Mapping[str, str] | None = None,
        simulator_options: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.state = state
        self.port = web_port
        self.url = f"http://127.0.0.1:{web_port}"
        self.services = services or Services(state)
        self.demo = demo
        self.extra = dict(extra or {})
        self.simulator_options = dict(simulator_options or {})
        self.children: dict[str, Child] = {}
        self.env: dict[str, str] = {}

    def start(self) -> None:
        """Servers, schema, data, then every part."""
        translations.compile_catalogs()
        found = self.services.start()
        self.env = shop_env(self.state, self.port) | found | self.extra
        for name in SIMULATORS:
            self.start_part(name)
        self.prepare_data()
        for name in ("web", "worker", "beat"):
            self.start_part(name)

    def start_part(self, name: str) -> None:
        """Start one part; those that listen are waited for until they answer."""
        env = simulator_env(self.state, self.env) if name in SIMULATORS else self.env
        child = start(name, self.commands()[name], state=self.state, env=env, cwd=ROOT)
        self.children[name] = child
        address = self.addresses().get(name)
        if address:
            wait_until(
                lambda: answers(address), seconds=60, what=f"{name} at {address}", child=child
            )

    def stop_part(self, name: str) -> None:
        """End one part in its own orderly way."""
        self.children.pop(name).stop()

    def addresses(self) -> dict[str, str]:
        """Where to ask each listening part whether it is there."""
        ports = {name: port(self.state, name) for name in SIMULATORS}
        return {
            "web": f"{self.url}/health/?format=text",
            **{name: f"http://127.0.0.1:{number}/health" for name, number in ports.items()},
        }

    def commands(self) -> dict[str, Command]:
        """How each part is started."""
        celery: Command = [VENV / "bin" / "celery", "-A", "config"]
        quiet = ["-l", "WARNING", "--without-gossip", "--without-mingle"]
        return {
            **{name: self._simulator(name) for name in SIMULATORS},
            "web": web_command(self.port),
            "worker": [*celery, "worker", "-c", "3", *quiet],
            "beat": [*celery, "beat", "-l", "WARNING", "--pidfile=", "-s", self.state / "beat"],
        }

    def _simulator(self, name: str) -> Command:
        folder = self.state / name
        folder.mkdir(mode=0o700, exist_ok=True)
        number = str(port(self.state, name))
        command: Command = [PYTHON, "-m", f"simulators.{name}", "--port", number, "--state", folder]
        if name in SUPPLIER_OPTIONS:
            code = name.removeprefix("supplier_")
            command += ["--callback-url", f"{self.url}/suppliers/{code}/callback/"]
            goods = ROOT / "demo" / "data" / "catalogue.csv"
            command += ["--products", goods] if goods.is_file() else ["--any-product", "10.00"]
            command += SUPPLIER_OPTIONS[name]
        return [*command, *self.simulator_options.get(name, ())]

    def prepare_data(self) -> None:
        """Schema, static files and demo goods; each step again only when its sources changed."""
        remembered = Stamps(self.state / "stamps.json")
        own_database = not os.environ.get("DATABASE_URL")
        migrations = [
            *ROOT.glob("*/migrations/*.py"),
            ROOT / "requirements" / "run.txt",
            ROOT / "core" / "roles.py",
        ]
        if not own_database or remembered.changed("migrate", migrations):
            self.manage("migrate", "-v0")
            self.manage("rotate_keys", "--ensure")
            remembered.keep("migrate", migrations)
        static = [
            *ROOT.glob("static/**/*"),
            *ROOT.glob("*/static/**/*"),
            ROOT / "requirements" / "run.txt",
        ]
        if self.env.get("STATIC_MANIFEST") != "0" and remembered.changed("static", static):
            self.manage("collectstatic", "--noinput", "-v0")
            remembered.keep("static", static)
        if self.demo:
            self._fill(remembered)

    def _fill(self, remembered: "Stamps") -> None:
        seed = ROOT / "demo" / "management" / "commands" / "seed_demo.py"
        if seed.is_file() and remembered.changed("seed", []):
            say("Filling the shop with demo goods …")
            self.manage("seed_demo")
            remembered.keep("seed", [])
        if (seed.parent / "demo_accounts.py").is_file() and not self._accounts_file.exists():
            words = self.manage("demo_accounts")
            self._accounts_file.touch(mode=0o600)
            self._accounts_file.write_text(words)

    @property
    def _accounts_file(self) -> Path:
        return self.state / f"accounts-{self.port}.txt"

    def manage(self, *arguments: str) -> str:
        """Run a management command against this shop; returns what it printed."""
        command = [str(PYTHON), "manage.py", *arguments]
        env = {**self.env, "DATABASE_POOL": "0"}
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
        if done.returncode:
            raise Stop(
                f"manage.py {arguments[0]} failed:\n{(done.stderr or done.stdout).strip()[-4000:]}"
            )
        return done.stdout

    def accounts(self) -> str:
        """What to try, and as whom."""
        found = self._accounts_file.read_text().rstrip() if self._accounts_file.exists() else ""
        return f"{found}\nLogs: {self.state / 'log'}   Stop: Ctrl-C".lstrip()

    def watch(self) -> int:
        """Put parts up again that die, as an init system would; returns when one keeps dying."""
        deaths: dict[str, list[float]] = {}
        while True:
            for name in self.dead():
                now = time.monotonic()
                deaths[name] = [at for at in deaths.get(name, []) if now - at < DEATHS_WITHIN] + [
                    now
                ]
                if len(deaths[name]) > MOST_DEATHS:
                    complain(f"dev.py: {name} keeps dying; stopping the rest. Last words:")
                    complain(self._child(name).last_lines())
                    return 1
                complain(f"dev.py: {name} died; starting it again")
                try:
                    self.revive(name)
                except Stop as error:
                    complain(f"dev.py: {error}")
            time.sleep(0.3)

    def dead(self) -> list[str]:
        """Names of parts that ended without being asked; servers first, for the others need them."""
        named = (*self.services.children.items(), *self.children.items())
        return [name for name, child in named if child.process.poll() is not None]

    def revive(self, name: str) -> None:
        """Start a part that died, after the last of its processes is gone. Raises Stop."""
        end_session(self._child(name).process.pid)
        if name in self.services.children:
            self.services.start_one(name)
        else:
            self.start_part(name)

    def _child(self, name: str) -> Child:
        return self.services.children.get(name) or self.children[name]

    def stop(self) -> None:
        """Web first, so that nobody is served by half a shop; the servers last."""
        for name in sorted(self.children, key=lambda each: each != "web"):
            self.stop_part(name)
        self.services.stop()


def answers(address: str) -> bool:
    """Whether a GET of this address succeeds."""
    try:
        with urllib.request.urlopen(address, timeout=2) as reply:
            return bool(reply.status == HTTPStatus.OK)
    except (urllib.error.URLError, OSError):
        return False


def simulator_env(state: Path, env: Mapping[str, str]) -> dict[str, str]:
    """The other side of the wire knows its own keys and the shop's public one, nothing else of ours."""
    ours = (
        "SECRET_KEY",
        "QUANYI_",
        "DATABASE_",
        "REDIS_",
        "BROKER_",
        "ALTCHA_",
        "LOCALPAY_PRIVATE",
    )
    private, _ = rsa_pair(state, "localpay")
    theirs = {name: value for name, value in env.items() if not name.startswith(ours)}
    return theirs | {"LOCALPAY_GATEWAY_KEY": str(private)}


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


def web_command(web_port: int, *, workers: int = 2, threads: int = 2) -> Command:
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
