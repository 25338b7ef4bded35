"""The look holds together: parts, icons, hues, tokens, and the two dark themes."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOOK = ROOT / "static" / "quanyi"
# Mail is read outside our pages, and the back office has a policy of its own.
ELSEWHERE = ("accounts/messages/", "admin/")
SHOP = [
    path
    for path in sorted((ROOT / "templates").rglob("*.html"))
    if not str(path.relative_to(ROOT / "templates")).startswith(ELSEWHERE)
]


def test_icons_that_are_asked_for_are_drawn() -> None:
    drawn = set(re.findall(r'<symbol id="([a-z]+)"', (LOOK / "icons.svg").read_text()))
    asked = {
        name
        for path in SHOP
        for name in re.findall(
            r'(?:parts/icon\.html" with name|parts/empty\.html" with icon)="([a-z]+)"',
            path.read_text(),
        )
    }
    assert asked
    assert asked <= drawn


def test_parts_that_are_included_exist() -> None:
    asked = {
        name
        for path in SHOP
        for name in re.findall(r'{% (?:include|extends) "([^"]+)"', path.read_text())
    }
    ours = {
        name
        for name in asked
        if not name.startswith(("account/base_", "mfa/base_", "usersessions/base_"))
    }
    assert {name for name in ours if not (ROOT / "templates" / name).is_file()} == set()


def test_dark_by_wish_of_the_system_equals_dark_by_the_switch() -> None:
    css = (LOOK / "tokens.css").read_text()
    blocks = {
        name: re.search(re.escape(name) + r" \{(.*?)\n\s*\}", css, re.DOTALL)
        for name in (':root:not([data-theme="light"])', ':root[data-theme="dark"]')
    }
    tokens = [
        re.findall(r"(--[\w-]+|color-scheme): ([^;]+);", found[1])
        for found in blocks.values()
        if found
    ]
    assert len(tokens) == len(blocks)
    assert tokens[0] == tokens[1]


def test_every_fifth_hue_has_its_class() -> None:
    css = (LOOK / "hues.css").read_text()
    found = re.findall(r"\.hue-(\d+) { --hue: (\d+); }", css)
    assert found == [(str(hue), str(hue)) for hue in range(0, 360, 5)]


@pytest.mark.parametrize("path", sorted(LOOK.glob("*.css")), ids=lambda path: path.name)
def test_css_uses_only_known_tokens_and_no_outside_address(path: Path) -> None:
    text = path.read_text()
    known = set(
        re.findall(r"(--[\w-]+):", "".join(file.read_text() for file in LOOK.glob("*.css")))
    )
    assert set(re.findall(r"var\((--[\w-]+)", text)) <= known
    assert "http" not in text
    assert "@import" not in text
    assert text.count("{") == text.count("}")
