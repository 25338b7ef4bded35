"""What the scaffold writes is an adapter that passes the suite as it stands, and is written as ours are."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

ROOT = Path(__file__).resolve().parents[3]
#: Makes the new folder one of those beside ours, for the process that runs its tests.
BESIDE = """
import fulfillment.suppliers
fulfillment.suppliers.__path__.append({adapters!r})
"""


def scaffold(root: Path, name: str = "rest_acme") -> None:
    call_command("scaffold_supplier", name, into=root, title="Acme", verbosity=0)


def run(*command: str, path: Path) -> "subprocess.CompletedProcess[str]":
    found = os.pathsep.join((str(path), str(ROOT)))
    env = {**os.environ, "PYTHONPATH": found, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env=env, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def test_a_new_dialect_passes_as_it_is(tmp_path: Path) -> None:
    scaffold(tmp_path)
    adapters = tmp_path / "fulfillment" / "suppliers"
    (tmp_path / "beside.py").write_text(BESIDE.format(adapters=str(adapters)))
    tests = tmp_path / "tests" / "fulfillment" / "suppliers" / "rest_acme"
    # In its own place the folder has this from the conftest above it.
    (tests / "conftest.py").write_text("from tests.fulfillment.simulated import suppliers\n")
    options = [
        "-q",
        "-n0",
        "-p",
        "beside",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
        "--import-mode=importlib",
    ]
    done = run(
        "pytest", str(tests), *options, "--rootdir", str(tmp_path), "-o", "addopts=", path=tmp_path
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
    assert "failed" not in done.stdout


def test_it_is_written_as_ours_are(tmp_path: Path) -> None:
    scaffold(tmp_path)
    config = str(ROOT / "pyproject.toml")
    # Where the import of its own modules stands depends on its name.
    for act in (("check", "--ignore", "I001"), ("format", "--check")):
        done = run("ruff", *act, "--config", config, str(tmp_path), path=tmp_path)
        assert done.returncode == 0, done.stdout
    assert "@" + "name@" not in "".join(path.read_text() for path in tmp_path.rglob("*.py"))


@pytest.mark.parametrize("name", ["Acme", "ab", "a-b", "../x", "1st", ""])
def test_a_name_is_a_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError):
        scaffold(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(tmp_path: Path) -> None:
    scaffold(tmp_path)
    with pytest.raises(CommandError, match="already"):
        scaffold(tmp_path)
