"""The simulators know nothing of the shop: standard library, cryptography, themselves."""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = {*sys.stdlib_module_names, "cryptography", "simulators"}


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "simulators").split(".")[0])
    return found


def test_imports_nothing_of_ours() -> None:
    files = list((ROOT / "simulators").rglob("*.py"))
    assert len(files) > 20
    foreign = {str(path): imported(path) - ALLOWED for path in files}
    assert {path: names for path, names in foreign.items() if names} == {}


def test_the_shop_imports_no_simulator() -> None:
    floors = [
        "config",
        "analytics",
        "distribution",
        "orders",
        "fulfillment",
        "catalog",
        "accounts",
        "risk",
        "core",
    ]
    files = [path for floor in floors for path in (ROOT / floor).rglob("*.py")]
    assert [str(path) for path in files if "simulators" in imported(path)] == []


def test_they_do_not_know_each_other() -> None:
    """The engine of the suppliers knows none of its dialects either."""
    names = ("localpay", "supply", "supplier_a", "supplier_b", "supplier_c", "marketplace")
    for one in names:
        others = [name for name in names if name != one]
        if one.startswith("supplier_"):
            others.remove("supply")
        for path in (ROOT / "simulators" / one).rglob("*.py"):
            assert not {f"simulators.{name}" for name in others} & modules(path), path


def modules(path: Path) -> set[str]:
    """The packages of the simulators that a file names in its imports."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    froms = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {".".join(name.split(".")[:2]) for name in froms}
