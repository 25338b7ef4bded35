"""Every sentence a person may read, and whether it has a Chinese one; run as a program, it lists the gaps."""

import io
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po
from django.utils.translation.template import templatize

from tests.architecture.tree import FLOORS, ROOT, named, python, templates

# Name → which argument is what: None for the sentence, "c" for a context.
KEYWORDS: dict[str, tuple[str, ...]] = {
    "_": ("id",),
    "gettext": ("id",),
    "gettext_lazy": ("id",),
    "gettext_noop": ("id",),
    "ngettext": ("id", "plural"),
    "ngettext_lazy": ("id", "plural"),
    "pgettext": ("context", "id"),
    "pgettext_lazy": ("context", "id"),
    "npgettext": ("context", "id", "plural"),
    "npgettext_lazy": ("context", "id", "plural"),
}
SPOKEN = (*FLOORS, "demo")


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence in the source."""

    place: str
    text: str
    context: str = ""
    plural: str = ""


def messages() -> Iterator[Message]:
    """All sentences of our Python files and templates."""
    for path in python():
        if named(path).split("/")[0] in SPOKEN:
            yield from _in(path, path.read_text())
    for path in templates():
        yield from _in(path, templatize(path.read_text(), origin=str(path)))


def _in(path: Path, source: str) -> Iterator[Message]:
    known: Any = KEYWORDS
    lines: Any = extract_python(io.BytesIO(source.encode()), known, (), {"encoding": "utf-8"})
    for line, function, found, _comments in lines:
        parts = (found,) if isinstance(found, str) else tuple(found or ())
        named_parts = dict(zip(KEYWORDS[function], parts, strict=False))
        text = named_parts.get("id")
        if text:
            place = f"{named(path)}:{line}"
            yield Message(
                place, text, named_parts.get("context") or "", named_parts.get("plural") or ""
            )


@cache
def catalogs() -> dict[str, Catalog]:
    """Our Chinese catalogs by the path of their file."""
    paths = sorted(ROOT.glob("*/locale/zh_Hans/LC_MESSAGES/django.po"))
    found = {}
    for path in paths:
        with path.open("rb") as file:
            found[named(path)] = read_po(file, abort_invalid=True)
    return found


@cache
def translated() -> frozenset[tuple[str, str]]:
    """(context, sentence) of everything that has a Chinese sentence."""
    return frozenset(
        (
            message.context or "",
            message.id[0] if isinstance(message.id, tuple | list) else message.id,
        )
        for catalog in catalogs().values()
        for message in catalog
        if message.id and not message.fuzzy and all(_texts(message.string))
    )


def _texts(string: object) -> tuple[str, ...]:
    return tuple(string) if isinstance(string, tuple | list) else (str(string),)


def _django_has(text: str) -> bool:
    """Django, allauth and unfold bring Chinese for their own sentences; where they do, ours need not."""
    from django.utils import translation

    with translation.override("zh-hans"):
        return bool(re.search(r"[\u4e00-\u9fff]", translation.gettext(text)))


def untranslated() -> list[Message]:
    """Sentences without a Chinese one, in the order of their places."""
    return [
        each
        for each in messages()
        if (each.context, each.text) not in translated() and not _django_has(each.text)
    ]


def main() -> int:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    missing = untranslated()
    for message in missing:
        print(
            f"{message.place}: {message.context + ' | ' if message.context else ''}{message.text!r}"
        )
    print(f"{len(missing)} without a Chinese sentence")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
