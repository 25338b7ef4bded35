"""`test`, `faults` and `manage`: our programs run against real servers, brought up for the occasion."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from launcher import environment, translations
from launcher.places import PYTHON, ROOT, Stop, complain, say, state_folder
from launcher.processes import lock
from launcher.services import Services
from launcher.surroundings import base_env, test_env

SLOTS = 12


@contextmanager
def test_services() -> Iterator[dict[str, str]]:
    """Servers in a state folder of their own; test runs beside each other take the next free slot."""
    for slot in range(SLOTS):
        state = state_folder(f"test{slot or ''}")
        held = lock(state / "lock")
        if held:
            break
    else:
        raise Stop(f"{SLOTS} test runs are going on already")
    services = Services(state, durable=False)
    try:
        yield {**test_env(state), **services.start()}
    finally:
        services.stop()
        held.close()


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
        complain("NOTE: chromium is not installed and we may not install it: the browser tests will be SKIPPED.")
        return
    say("Installing chromium for the browser tests …")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", "chromium", "fonts-noto-cjk"]):
        done = subprocess.run(["apt-get", "-qq", *command], env=quiet, stdout=subprocess.DEVNULL)
        if done.returncode:
            complain("NOTE: apt-get could not install chromium: the browser tests will be SKIPPED.")
            return


def _wants_browser(arguments: list[str]) -> bool:
    paths = [each for each in arguments if not each.startswith("-") and Path(ROOT / each.split("::")[0]).exists()]
    return not paths or any("browser" in each or each.rstrip("/") == "tests" for each in paths)


def test(arguments: list[str]) -> int:
    """Everything a test run needs, then pytest on two cores unless told otherwise."""
    environment.prepare("test")
    translations.compile_catalogs()
    if _wants_browser(arguments):
        install_browser()
    spread = [] if any(each.startswith(("-n", "--numprocesses")) for each in arguments) else ["-n", "2"]
    with test_services() as env:
        return subprocess.run([PYTHON, "-m", "pytest", *spread, *arguments], cwd=ROOT, env=env).returncode


def manage(arguments: list[str]) -> int:
    """A management command with the services of `run`."""
    environment.prepare("run")
    with run_services() as env:
        return subprocess.run([PYTHON, "manage.py", *arguments], cwd=ROOT, env=env).returncode
