import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.richtext import sanitize


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("<p>Hi <b>you</b></p>", "<p>Hi <b>you</b></p>"),
        ("<script>alert(1)</script>x", "x"),
        ("<img src=x onerror=alert(1)>x", "x"),
        ('<p onclick="x" style="y">t</p>', "<p>t</p>"),
        ('<a href="/c/video/">v</a>', '<a href="/c/video/" rel="noopener">v</a>'),
        (
            '<a href="https://e.example/?a=1&b=2">v</a>',
            '<a href="https://e.example/?a=1&amp;b=2" rel="noopener">v</a>',
        ),
        ('<a href="javascript:alert(1)">v</a>', "<a>v</a>"),
        ('<a href="jav\tascript:alert(1)">v</a>', "<a>v</a>"),
        ('<a href="//evil.example">v</a>', "<a>v</a>"),
        ('<a href="data:text/html,x">v</a>', "<a>v</a>"),
        ("<p><b>open", "<p><b>open</b></p>"),
        ("</p></div>1 < 2 & 3", "1 &lt; 2 &amp; 3"),
        ("&lt;script&gt;", "&lt;script&gt;"),
        ("<svg><style><b>x", ""),
    ],
)
def test_sanitize(text: str, clean: str) -> None:
    assert sanitize(text) == clean


@given(st.text(alphabet="<>/ab\"'=& scriptonerror:javp&#;x-!", max_size=200))
def test_only_known_tags_come_out(text: str) -> None:
    out = sanitize(text)
    for tag in re.findall(r"<[^>]*>", out):
        assert re.fullmatch(
            r"</?(p|h2|h3|ul|ol|li|strong|em|b|i|br|blockquote|a|hr)>|<a href=\"[^\"<>]*\" rel=\"noopener\">",
            tag,
        )
    assert "<" not in re.sub(r"<[^>]*>", "", out)
