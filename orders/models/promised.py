"""What was promised stands still: rows that change and go away only while they are drafts."""

import pgtrigger


def kept_once_promised(name: str, kept: str, *fields: str) -> list[pgtrigger.Protect]:
    """Two triggers: once it is no draft none of `fields` (columns) changes, and it is not deleted.

    `name` and `kept` are their names.
    """
    no_draft = ~pgtrigger.Q(old__state="draft")
    return [
        pgtrigger.Protect(
            name=name, operation=pgtrigger.Update, condition=no_draft & _changed(*fields)
        ),
        pgtrigger.Protect(name=kept, operation=pgtrigger.Delete, condition=no_draft),
    ]


def _changed(*fields: str) -> pgtrigger.Q:
    """Whether one of these columns would change."""
    found = pgtrigger.Q(**{f"old__{fields[0]}__df": pgtrigger.F(f"new__{fields[0]}")})
    for name in fields[1:]:
        found |= pgtrigger.Q(**{f"old__{name}__df": pgtrigger.F(f"new__{name}")})
    return found
