"""Files stay small, plainly named, finished, and free of the machine they were written on."""

import ast
import re

import pytest

from tests.architecture.tree import ROOT, named, python, tracked

FILE_STOP = 400
FUNCTION_STOP = 60
FORBIDDEN = {
    "utils.py",
    "helpers.py",
    "common.py",
    "manager.py",
    "managers.py",
    "uv.lock",
    "pylock.toml",
}
# In pieces, so that this file does not find itself.
UNFINISHED = re.compile(
    r"\b(?:"
    + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error"))
    + r")\b"
)
MACHINE = re.compile(r"(?:^|[^a-zA-Z0-9._])/(?:wo" + "rk|fa" + "rm|ro" + "ot|ho" + "me)/")
HOST = re.compile(r"://|--(?:extra-)?index-url|--find-links|\"resolved\":")
TEXT = {".py", ".html", ".txt", ".md", ".toml", ".yml", ".css", ".js", ".sh", ".po", ""}


def _functions(source: str) -> list[tuple[str, int]]:
    nodes = (
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return [(node.name, (node.end_lineno or node.lineno) - node.lineno + 1) for node in nodes]


def test_files_are_short() -> None:
    long = {named(path): len(path.read_text().splitlines()) for path in python()}
    assert {name: lines for name, lines in long.items() if lines > FILE_STOP} == {}


def test_functions_are_short() -> None:
    long = [
        f"{named(path)}:{name} has {lines} lines"
        for path in python()
        for name, lines in _functions(path.read_text())
        if lines > FUNCTION_STOP
    ]
    assert long == []


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [named(path) for path in tracked() if path.name in FORBIDDEN] == []


def test_nothing_is_left_open() -> None:
    sources = [path for path in tracked() if path.suffix in {".py", ".html", ".js", ".css"}]
    assert [named(path) for path in sources if UNFINISHED.search(path.read_text())] == []


def test_no_path_of_a_machine() -> None:
    sources = [path for path in tracked() if path.suffix in TEXT]
    assert [
        named(path) for path in sources if MACHINE.search(path.read_text(errors="ignore"))
    ] == []


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.txt")), ids=named)
def test_locks_have_hashes_and_no_hosts(path: object) -> None:
    text = (ROOT / "requirements" / getattr(path, "name", "")).read_text()
    assert not HOST.search(text)
    pins = [line for line in text.splitlines() if re.match(r"[A-Za-z0-9]", line)]
    assert pins
    assert all("==" in line for line in pins)
    assert text.count("--hash=sha256:") >= len(pins)


def test_no_third_party_assets() -> None:
    suffixes = (".min.js", ".min.css", ".woff", ".woff2", ".wasm", ".map")
    assert [named(path) for path in tracked() if path.name.endswith(suffixes)] == []


def test_no_assert_that_proves_nothing() -> None:
    empty = re.compile(r"assert\s+Tr" + r"ue\b|pytest\.mark\.(?:sk" + r"ip|xf" + r"ail)\b")
    assert [named(path) for path in python(tests=True) if empty.search(path.read_text())] == []
