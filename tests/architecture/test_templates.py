"""The shop's pages obey its own content security policy, and ask nobody else for anything."""

import re

import pytest

from tests.architecture.tree import named, templates

# Unfold's back office has a policy of its own; mails are not pages.
PAGES = [
    path
    for path in templates()
    if path.suffix == ".html" and "admin" not in path.parts and "messages" not in path.parts
]
TAGS = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
COMMENT = re.compile(r"\{%\s*comment\b.*?endcomment\s*%\}|<!--.*?-->", re.DOTALL)
INLINE_SCRIPT = re.compile(
    r"<script(?![^>]*\bsrc\s*=)(?![^>]*type\s*=\s*[\"']application/(?:ld\+)?json)", re.IGNORECASE
)
STYLE = re.compile(r"<style\b|<[^>]+\sstyle\s*=", re.IGNORECASE)
HANDLER = re.compile(r"<[^>]+\son[a-z]+\s*=|<[^>]+\shx-on|javascript:", re.IGNORECASE)
ELSEWHERE = re.compile(
    r"<(?:script|link|img|iframe|source|video|audio)\b[^>]*(?:src|href)\s*=\s*[\"']?(?:https?:)?//",
    re.IGNORECASE,
)
RULES = {
    "inline script": INLINE_SCRIPT,
    "inline style": STYLE,
    "event handler": HANDLER,
    "foreign asset": ELSEWHERE,
}


def _html(text: str) -> str:
    return TAGS.sub("x", COMMENT.sub("", text))


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_page_obeys_the_policy(path: object) -> None:
    html = _html(path.read_text())  # type: ignore[attr-defined]
    assert [name for name, rule in RULES.items() if rule.search(html)] == []


@pytest.mark.parametrize(
    ("html", "name"),
    [
        ("<script>alert(1)</script>", "inline script"),
        ('<p class="a" style="color:red">', "inline style"),
        ('<a href="#" onclick="x()">', "event handler"),
        ('<script src="//cdn.example/x.js"></script>', "foreign asset"),
    ],
)
def test_each_rule_can_fail(html: str, name: str) -> None:
    assert RULES[name].search(_html(html))


def test_templates_ask_no_queries() -> None:
    """A queryset method called in a template hides a statement from the view."""
    query = re.compile(r"\.(?:objects|all|filter|exists|select_related)\b(?!\s*=)")
    tag = re.compile(r"\{[%{](.*?)[%}]\}", re.DOTALL)
    found = [
        f"{named(path)}: {text.strip()}"
        for path in templates()
        for text in tag.findall(COMMENT.sub("", path.read_text()))
        if query.search(re.sub(r"\"[^\"]*\"|'[^']*'", "", text)) and "forloop" not in text
    ]
    assert found == []
