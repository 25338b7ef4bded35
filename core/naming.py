"""Names that stand in two columns, `name` and `name_en`, in the reader's language."""

from typing import Any

from django.utils.translation import get_language


def named(row: Any) -> str:
    """The English name for who reads English and where there is one; else the Chinese."""
    english = (get_language() or "").startswith("en")
    return str((english and row.name_en) or row.name)
