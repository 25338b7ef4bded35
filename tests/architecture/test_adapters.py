"""Adapters know the protocol and nobody else: not each other, not our rows, not the line itself."""

import ast
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

SUPPLIERS = ROOT / "fulfillment" / "suppliers"
#: What all adapters share; the registry knows them, they do not know it.
SHARED = {"base", "hearing", "lists", "options", "telling"}
KERNEL = {"core.crypto", "core.foreign", "core.http", "core.ids", "core.money"}
#: The pure files of an adapter, which must run without a network.
PURE = {"signing.py", "codes.py", "reading.py", "listing.py", "envelope.py", "callbacks.py"}


def _folders() -> list[Path]:
    return sorted(path.parent for path in SUPPLIERS.glob("*/client.py"))


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return found


def _known(name: str, folder: str) -> bool:
    parts = name.split(".")
    if parts[:2] == ["fulfillment", "suppliers"]:
        return parts[2] in SHARED or parts[2] == folder
    return parts[0] not in ("core", "fulfillment") or ".".join(parts[:2]) in KERNEL


@pytest.mark.parametrize("folder", _folders(), ids=lambda path: path.name)
def test_an_adapter_knows_nobody_else(folder: Path) -> None:
    ours = {"orders", "catalog", "accounts", "risk", "config", "simulators", "django", "httpx2"}
    for path in folder.glob("*.py"):
        for name in _imports(path):
            if name == "core.http":
                continue
            if name.startswith("core.") and name.count(".") == 1:
                assert name in KERNEL, f"{path}: {name}"
                continue
            assert _known(name, folder.name), f"{path}: {name}"
            assert name.split(".")[0] not in ours, f"{path}: {name}"


@pytest.mark.parametrize("folder", _folders(), ids=lambda path: path.name)
def test_what_reads_and_signs_needs_no_line(folder: Path) -> None:
    for path in folder.glob("*.py"):
        if path.name in PURE:
            assert not {"core.http", "fulfillment.suppliers.hearing.reach"} & _imports(path), path


def test_what_they_share_knows_none_of_them() -> None:
    names = {path.name for path in _folders()}
    for path in SUPPLIERS.glob("*.py"):
        for name in _imports(path):
            parts = name.split(".")
            assert not (parts[:2] == ["fulfillment", "suppliers"] and names & set(parts[2:])), path
