"""A whole shop of its own for one test worker: real processes, real sockets, parts that can be killed.

`house` gives it empty: base rows only, fresh simulators, every part up. Clocks are scaled down, crash
points are armed by `house.crash_at("CP04")`, guards can be left off with `house.restart(GUARDS_OFF=…)`.
"""

import os
import pickle
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import redis

from launcher.keys import port
from launcher.places import PYTHON, ROOT
from launcher.processes import Child, end_leftovers
from launcher.services import Services
from launcher.shop import SIMULATORS, Shop
from launcher.surroundings import SCALED
from tests.databases import BaseRows, digest
from tests.surroundings import WORKER

SERVERS = ("valkey", "postgres")
PARTS = (*SIMULATORS, "web", "worker", "beat")
QUICK_SIMULATORS = {
    "localpay": ("--notify-ladder", "0.3,0.6,1.2,2.4,5,5,5,5"),
    **dict.fromkeys(
        ("supplier_a", "supplier_b", "supplier_c"),
        ("--submit-after", "0.05", "--complete-after", "0.1"),
    ),
}


class House:
    """The shop's parts by name: `web`, `worker`, `beat`, `localpay`, the suppliers, `postgres`, `valkey`."""

    def __init__(self) -> None:
        self.state = Path(os.environ["STATE_DIR"]) / f"house-{WORKER}"
        self.state.mkdir(mode=0o711, exist_ok=True)
        self.crashes = self.state / "crash"
        self.crashes.mkdir(exist_ok=True)
        number = port(self.state, "web")
        extra = {
            **SCALED,
            "SUPPLY_TIME_SCALE": "0.02",
            "TEST_HOOKS": "1",
            "STATIC_MANIFEST": "1",
            "CRASH_DIR": str(self.crashes),
            "SITE_URL": f"http://127.0.0.1:{number}",
            "KEY_PREFIX": f"house-{WORKER}",
        }
        services = Services(self.state, durable=False, always=True)
        self.shop = Shop(
            self.state, number, services=services, demo=False, extra=extra,
            simulator_options=QUICK_SIMULATORS,
        )  # fmt: skip
        self._given = dict(extra)
        self._base: BaseRows | None = None
        #: Whoever has made itself at home tells how it leaves; called before the house is emptied.
        self.guest_leaves: Callable[[], None] | None = None

    @property
    def url(self) -> str:
        return self.shop.url

    @property
    def env(self) -> dict[str, str]:
        """Environment of the shop's programs, for a program of the test's own."""
        return self.shop.env

    def address(self, simulator: str) -> str:
        """Base address of a simulator."""
        return f"http://127.0.0.1:{port(self.state, simulator)}"

    def start(self) -> None:
        end_leftovers(self.state)
        # What a former run left in the cluster must not be taken for the rows of the first day.
        first_day = self.state / f"first-day-{digest()}"
        if not first_day.exists():
            self._begin_anew()
        self.shop.start()
        if first_day.exists():
            self._base = pickle.loads(first_day.read_bytes())  # our own file
        else:
            self._base = BaseRows(self.env["DATABASE_OWNER_URL"])
            first_day.write_bytes(pickle.dumps(self._base))

    def _begin_anew(self) -> None:
        shutil.rmtree(self.state / "pg", ignore_errors=True)
        for path in (
            *self.state.glob("first-day-*"),
            self.state / "stamps.json",
            self.state / "roles.made",
        ):
            path.unlink(missing_ok=True)

    def stop(self) -> None:
        self.see_off()
        self.shop.stop()

    def see_off(self) -> None:
        """The guest leaves, if there is one."""
        leaves, self.guest_leaves = self.guest_leaves, None
        if leaves is not None:
            leaves()

    def child(self, name: str) -> Child:
        return self.shop.services.children[name] if name in SERVERS else self.shop.children[name]

    def is_up(self, name: str) -> bool:
        children = self.shop.services.children if name in SERVERS else self.shop.children
        return name in children and children[name].process.poll() is None

    def kill(self, name: str) -> None:
        """kill -9 of the part with all its processes."""
        self.child(name).kill()

    def stop_part(self, name: str) -> None:
        """Ask the part to end, and wait."""
        self.child(name).stop()

    def start_part(self, name: str) -> None:
        if name in SERVERS:
            self.shop.services.start_one(name)
        else:
            self.shop.start_part(name)

    def restart(self, *names: str, **env: str) -> None:
        """Stop and start the parts (all three of ours unless named) with other environment variables."""
        self.shop.env.update(env)
        for name in names or ("web", "worker", "beat"):
            if self.is_up(name):
                self.stop_part(name)
            self.start_part(name)

    def crash_at(self, point: str) -> None:
        """The first process to reach this crash point dies there."""
        (self.crashes / point).touch()

    def crashed(self, point: str) -> bool:
        """Whether a process has died there since it was armed."""
        return not (self.crashes / point).exists()

    def empty(self) -> None:
        """Every part up and as on its first day."""
        self.see_off()
        for path in self.crashes.iterdir():
            path.unlink()
        altered = {name: self._given.get(name) for name in ("GUARDS_OFF", *self._given)}
        changed = any(self.env.get(name) != value for name, value in altered.items())
        for name in SERVERS:
            if not self.is_up(name):
                self.start_part(name)
        for name in SIMULATORS:
            if self.is_up(name):
                self.stop_part(name)
            shutil.rmtree(self.state / name, ignore_errors=True)
        assert self._base is not None, "start() comes first"
        self._base.restore(alone=False)
        self._reset_valkey()
        for name, value in altered.items():
            self.env.pop(name, None) if value is None else self.env.update({name: value})
        for name in PARTS:
            if changed and self.is_up(name):
                self.stop_part(name)
            if not self.is_up(name):
                self.start_part(name)

    def _reset_valkey(self) -> None:
        redis.Redis.from_url(self.env["REDIS_URL"]).flushall()

    def manage(self, *arguments: str) -> str:
        """A management command against this shop; returns what it printed, raises Stop when it fails."""
        return self.shop.manage(*arguments)

    def run(self, *command: str, **env: str) -> "subprocess.CompletedProcess[str]":
        """A Python program (`-m module …` or `-c code`) with this shop's environment."""
        surroundings = self.env | {"DATABASE_POOL": "0"} | env
        return subprocess.run(
            [str(PYTHON), *command],
            cwd=ROOT,
            env=surroundings,
            text=True,
            capture_output=True,
            check=False,
        )

    def sql(
        self, statement: str, params: object = None, *, as_owner: bool = True
    ) -> list[tuple[Any, ...]]:
        """Run one statement against the shop's database, committed at once."""
        url = self.env["DATABASE_OWNER_URL" if as_owner else "DATABASE_URL"]
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statement, params)  # type: ignore[call-overload]
            return cursor.fetchall() if cursor.description else []

    def logs(self, name: str) -> str:
        """What the part has said so far."""
        return (self.state / "log" / f"{name}.log").read_text(errors="replace")


@contextmanager
def standing() -> Iterator[House]:
    """Start a house, and take it down whatever happens."""
    house = House()
    try:
        house.start()
        yield house
    finally:
        house.stop()
