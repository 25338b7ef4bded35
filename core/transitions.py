"""State changes: update where the old state is allowed, and let the row count decide.

Zero rows means that somebody else was first. Each change leaves a StateChange row in the same
statement. A trigger built by `guard` refuses a pair that the state table does not have, also to
code that does not come through here (R-ST-1).
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from functools import cache
from typing import Any

import pgtrigger
from django.apps import apps
from django.db import connection, models
from django.db.models import QuerySet

from core.models.statechange import StateChange
from core.tx import part

Transitions = Mapping[str, Iterable[str]]


def guard(transitions: Transitions, *, name: str = "states", field: str = "state") -> pgtrigger.FSM:
    """The trigger for a model's Meta.triggers: only pairs of `transitions` may happen."""
    # A set has another order in each process, and the trigger would have another hash.
    pairs = [
        (str(was), str(became))
        for was, after in transitions.items()
        for became in (sorted(after) if isinstance(after, AbstractSet) else after)
    ]
    return pgtrigger.FSM(name=name, field=field, transitions=pairs)


@part
def move(
    model: type[models.Model],
    pk: Any,
    *,
    from_: Iterable[str],
    to: str,
    now: datetime,
    by: str,
    why: str = "",
    **also_set: Any,
) -> bool:
    """Move one row to state `to` if it is in one of `from_`; also set the given columns.

    Returns whether this call made the change. The history row is written by the same statement.
    Raises django.db.InternalError for a pair outside the model's state table.
    """
    return move_many(model, [pk], from_=from_, to=to, now=now, by=by, why=why, **also_set) == 1


@part
def move_many(
    model: type[models.Model],
    pks: Sequence[Any],
    *,
    from_: Iterable[str],
    to: str,
    now: datetime,
    by: str,
    why: str = "",
    **also_set: Any,
) -> int:
    """Move each of these rows as `move` does, in one statement. Returns how many moved."""
    meta = model._meta
    columns, values = ["state"], [str(to)]
    for name, value in also_set.items():
        field = meta.get_field(name)
        assert isinstance(field, models.Field), name
        columns.append(str(field.column))
        values.append(field.get_db_prep_save(value, connection))
    assignments = ", ".join(f'"{column}" = %s' for column in columns)
    subject = "public_id" if any(f.name == "public_id" for f in meta.fields) else meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute(
            f"""with moved as (
                update "{meta.db_table}" set {assignments}
                where "{meta.pk.column}" = any(%s) and state = any(%s)
                returning old.state as was, new."{subject}"::text as subject)
            insert into core_statechange (entity, subject, was, became, at, by, why)
            select %s, subject, was, %s, %s, %s, %s from moved""",  # noqa: S608  names of our models
            [
                *values,
                list(pks),
                [str(s) for s in from_],
                meta.model_name,
                str(to),
                now,
                by[:48],
                why[:200],
            ],
        )
        return int(cursor.rowcount)


@part
def begin(*, entity: str, subject: str, state: str, now: datetime, by: str, why: str = "") -> None:
    """Record the first state of a new row."""
    StateChange.objects.create(
        entity=entity, subject=subject, was="", became=str(state), at=now, by=by[:48], why=why[:200]
    )


def history(*subjects: str) -> QuerySet[StateChange]:
    """All recorded changes of these public ids, oldest first."""
    return StateChange.objects.filter(subject__in=subjects).order_by("id")


def in_words(change: StateChange) -> str:
    """What became of it, as its model calls these states, in the reader's language."""
    words = _words().get(change.entity, {})
    was, became = (str(words.get(state, state)) for state in (change.was, change.became))
    return f"{was} → {became}" if was else became


@cache
def _words() -> Mapping[str, Mapping[str, Any]]:
    """The words of each kind of thing for its states, by the name under which changes are kept."""
    return {
        str(model._meta.model_name): dict(field.flatchoices)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if field.name == "state"
    }
