"""Our programs run against real servers, brought up for the occasion: tests, faults, benchmarks, pictures."""

import argparse
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from launcher import environment, translations
from launcher.keys import port
from launcher.places import PYTHON, ROOT, Command, Stop, complain, say, state_folder
from launcher.processes import lock
from launcher.run import forget
from launcher.services import Services
from launcher.shop import Shop
from launcher.surroundings import base_env, test_env

SLOTS = 12


@contextmanager
def test_surroundings() -> Iterator[dict[str, str]]:
    """Environment of a test run with a state folder of its own; runs beside each other take the next free slot.

    The test workers start their own servers there (tests/surroundings.py).
    """
    for slot in range(SLOTS):
        state = state_folder(f"test{slot or ''}")
        held = lock(state / "lock")
        if held:
            break
    else:
        raise Stop(f"{SLOTS} test runs are going on already")
    with held:
        yield test_env(state)


@contextmanager
def run_services() -> Iterator[dict[str, str]]:
    """The servers of `dev.py run`: those that are up already, or our own for the moment."""
    state = state_folder("run")
    held = lock(state / "lock")
    services = Services(state)
    if held is None:
        yield {**base_env(state), **services.database_env(), **services.valkey_env(), **os.environ}
        return
    try:
        yield {**base_env(state), **services.start()}
    finally:
        services.stop()
        held.close()


def install_browser() -> None:
    """Browser tests drive Debian's chromium; root gets it, others are told."""
    if shutil.which("chromium"):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        complain(
            "NOTE: chromium is not installed and we may not install it: the browser tests will be SKIPPED."
        )
        return
    say("Installing chromium for the browser tests …")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["update"],
        ["install", "-y", "--no-install-recommends", "chromium", "fonts-noto-cjk"],
    ):
        done = subprocess.run(["apt-get", "-qq", *command], env=quiet, stdout=subprocess.DEVNULL)
        if done.returncode:
            complain("NOTE: apt-get could not install chromium: the browser tests will be SKIPPED.")
            return


def _wants_browser(arguments: list[str]) -> bool:
    paths = [
        each
        for each in arguments
        if not each.startswith("-") and Path(ROOT / each.split("::")[0]).exists()
    ]
    return not paths or any("browser" in each or each.rstrip("/") == "tests" for each in paths)


def test(arguments: list[str]) -> int:
    """Everything a test run needs, then pytest on two cores unless told otherwise."""
    environment.prepare("test")
    translations.compile_catalogs()
    if _wants_browser(arguments):
        install_browser()
    told = any(each.startswith(("-n", "--numprocesses")) for each in arguments)
    # Tests of the whole shop stay on one worker (tests/conftest.py): one such shop is enough for two cores.
    spread = [] if told else ["-n", "2", "--dist", "loadgroup"]
    with test_surroundings() as env:
        return subprocess.run(
            [PYTHON, "-m", "pytest", *spread, *arguments], cwd=ROOT, env=env
        ).returncode


def manage(arguments: list[str]) -> int:
    """A management command with the services of `run`."""
    environment.prepare("run")
    with run_services() as env:
        return subprocess.run([PYTHON, "manage.py", *arguments], cwd=ROOT, env=env).returncode


def faults(arguments: list[str]) -> int:
    """The fault campaign: every seed in turn, with its own servers that may be killed."""
    parser = argparse.ArgumentParser(prog="dev.py faults")
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds, from 1 (default 5)")
    chosen, rest = parser.parse_known_args(arguments)
    environment.prepare("test")
    translations.compile_catalogs()
    command: Command = [PYTHON, "-m", "pytest", "tests/faults", "-n0", "-p", "no:randomly", *rest]
    with test_surroundings() as env:
        return subprocess.run(
            command, cwd=ROOT, env=env | {"FAULT_SEEDS": str(chosen.seeds)}
        ).returncode


@contextmanager
def whole_shop(
    kind: str, *, demo: bool, extra: dict[str, str] | None = None, fresh: bool = False
) -> Iterator[Shop]:
    """A complete running shop in a state folder of its own, durable like the real one."""
    state = state_folder(kind)
    held = lock(state / "lock")
    if held is None:
        raise Stop(f"{kind} is running already")
    if fresh:
        forget(state)
    shop = Shop(state, port(state, "web"), demo=demo, extra=extra)
    try:
        shop.start()
        yield shop
    finally:
        shop.stop()
        held.close()


def bench(arguments: list[str]) -> int:
    """Run benchmarks by name against a whole shop; each prints its table and one line of figures."""
    environment.prepare("test")
    known = sorted(path.stem for path in (ROOT / "benchmarks").glob("[a-z]*.py"))
    names = [each for each in arguments if not each.startswith("-")] or known
    options = [each for each in arguments if each.startswith("-")]
    unknown = set(names) - set(known)
    if unknown:
        raise Stop(
            f"no such benchmark: {', '.join(sorted(unknown))}; there are: {', '.join(known)}"
        )
    worst = 0
    with whole_shop("bench", demo=False, extra={"TRUSTED_PROXY_HOPS": "1"}) as shop:
        pids = {
            child.name: child.process.pid
            for child in (*shop.services.children.values(), *shop.children.values())
        }
        env = shop.env | {
            "BENCH_PIDS": json.dumps(pids),
            "BENCH_PG_BIN": str(shop.services.binaries),
        }
        for name in names:
            command: Command = [PYTHON, "-m", f"benchmarks.{name}", *options]
            worst = max(
                worst,
                subprocess.run(command, cwd=ROOT, env=env | {"DATABASE_POOL": "0"}).returncode,
            )
    return worst


def screenshots(arguments: list[str]) -> int:
    """Draw every page of a freshly filled shop into docs/screenshots/."""
    environment.prepare("test")
    install_browser()
    with whole_shop("screenshots", demo=True, fresh=True) as shop:
        command: Command = [
            PYTHON,
            "-m",
            "tests.browser.screenshots",
            "--url",
            shop.url,
            *arguments,
        ]
        return subprocess.run(command, cwd=ROOT, env=shop.env | {"DATABASE_POOL": "0"}).returncode


def messages(arguments: list[str]) -> int:
    """List strings without a Chinese translation, by file; nothing to list is success."""
    environment.prepare("test")
    env = base_env(state_folder("check")) | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [PYTHON, "-m", "tests.architecture.messages", *arguments], cwd=ROOT, env=env
    ).returncode
