"""Rich text written by operators, rebuilt from an allow-list: what is not known is shown as text."""

from html import escape
from html.parser import HTMLParser
from urllib.parse import urlsplit

from django.utils.safestring import SafeString, mark_safe

TAGS = frozenset(
    {"p", "h2", "h3", "ul", "ol", "li", "strong", "em", "b", "i", "br", "blockquote", "a", "hr"}
)
VOID = frozenset({"br", "hr"})
DROPPED = frozenset({"script", "style", "iframe", "object", "embed", "template", "noscript"})
MAX_CHARACTERS = 20_000


def sanitize(text: str) -> SafeString:
    """HTML with only the tags of TAGS, no attributes but a checked `href`, all tags closed."""
    cleaner = _Cleaner()
    cleaner.feed(text[:MAX_CHARACTERS])
    cleaner.close()
    return mark_safe(cleaner.result())  # noqa: S308  built from the allow-list and escaped text


class _Cleaner(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._out: list[str] = []
        self._open: list[str] = []
        self._dropping = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in DROPPED:
            self._dropping += 1
        if tag not in TAGS or self._dropping:
            return
        href = _href(dict(attrs).get("href")) if tag == "a" else None
        self._out.append(f'<a href="{escape(href)}" rel="noopener">' if href else f"<{tag}>")
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in DROPPED:
            self._dropping = max(0, self._dropping - 1)
        if tag not in self._open or self._dropping:
            return
        while self._open:
            last = self._open.pop()
            self._out.append(f"</{last}>")
            if last == tag:
                return

    def handle_data(self, data: str) -> None:
        if not self._dropping:
            self._out.append(escape(data))

    def result(self) -> str:
        return "".join(self._out) + "".join(f"</{tag}>" for tag in reversed(self._open))


def _href(value: str | None) -> str | None:
    """A link within the shop, or an http address; nothing that could run."""
    if not value or any(ord(ch) < 33 for ch in value):  # noqa: PLR2004  a hidden character can hide a scheme
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    if parts.scheme in ("http", "https") and parts.netloc:
        return value
    return value if not parts.scheme and not parts.netloc and value.startswith("/") else None
