"""Columns as people read them: money with its sign instead of minor units, codes by their names.

A column that is only shown is shown by a callable of its own, on records, in lists and in inline
rows alike. Which columns: every `*_minor`, every one that keeps a person, and those whose reader an
upper floor registers here.
Where nothing is left to type, the record is one to look at: it offers no Save.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.admin.options import InlineModelAdmin
from django.contrib.admin.utils import flatten_fieldsets
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from core.admin.who import person
from core.money import format_minor
from core.naming import named
from core.sockets import Socket

# By the name of a column that keeps a list (a count of goods has that name too): its value in words.
READERS: Socket[Callable[[Any], str]] = Socket("readers of columns")
MINOR = "_minor"
# Columns that keep a person's public id; what is empty is nobody's, or a guest's.
PEOPLE = frozenset({"owner", "inviter", "friend"})
NAME, ENGLISH = "name", "name_en"
NOTHING = "–"
SAVES = ("show_save", "show_save_and_continue", "show_save_and_add_another")
# "cost of one (minor units)": true of the column, and wrong beside an amount with its sign.
UNIT = re.compile(r"\s*[(（][^()（）]*[)）]$")


def is_raw(model: type[models.Model], name: object) -> bool:
    """Whether this is a column that nobody should see as it is kept."""
    if not isinstance(name, str) or not (name.endswith(MINOR) or name in PEOPLE or name in READERS):
        return False
    column = next((one for one in model._meta.concrete_fields if one.name == name), None)
    if name in PEOPLE:
        return isinstance(column or getattr(model, name, None), models.CharField | property)
    return column is not None and (name.endswith(MINOR) or isinstance(column, models.JSONField))


def label_of(field: "models.Field[Any, Any]") -> str:
    """A column's name without the unit it is kept in, in the reader's language."""
    if not field.name.endswith(MINOR):
        return str(field.verbose_name)
    return UNIT.sub("", str(field.verbose_name))


@dataclass(frozen=True)
class Shown:
    """One column in words; the back office takes it wherever it takes a column's name."""

    model: type[models.Model]
    name: str
    # Who looks: a person's page is a link only for those who may open it.
    viewer: Any = field(default=None, compare=False)

    @property
    def __name__(self) -> str:
        return self.name

    @property
    def column(self) -> "models.Field[Any, Any] | None":
        """None of what a model computes."""
        return next(
            (one for one in self.model._meta.concrete_fields if one.name == self.name), None
        )

    @property
    def short_description(self) -> str:
        return label_of(self.column) if self.column else gettext(self.name)

    @property
    def admin_order_field(self) -> str | None:
        return self.name if self.column else None

    def __call__(self, row: Any) -> str:
        value = getattr(row, self.name)
        if value is None or value == "":
            return NOTHING
        if self.name == NAME:
            return named(row)
        if self.name in PEOPLE:
            return person(value, self.viewer)
        if (read := READERS.find(self.name)) is not None:
            return read(value)
        return format_minor(value, getattr(row, "currency", None) or "CNY")


class Readable:
    """For a desk or its inline rows: of the columns that are only shown, the raw ones are `Shown`."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """What is fixed, and every raw column in words: which of them appear is up to the fieldsets."""
        fixed = super().get_readonly_fields(request, obj)  # type: ignore[misc]
        model: type[models.Model] = self.model  # type: ignore[attr-defined]
        names = [column.name for column in model._meta.concrete_fields]
        names += sorted(PEOPLE.difference(names))
        raw = (Shown(model, name, request.user) for name in names if is_raw(model, name))
        return [*fixed, *raw]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        names = super().get_fields(request, obj)  # type: ignore[misc]
        return [name for name in names if not isinstance(name, Shown)]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fieldsets = super().get_fieldsets(request, obj)  # type: ignore[misc]
        fixed: Collection[Any] = flatten_fieldsets(fieldsets)
        if _writes(self, request, obj):
            fixed = self.get_readonly_fields(request, obj)
        return [
            (title, {**options, "fields": _in_words(self, options["fields"], fixed, request.user)})
            for title, options in fieldsets
        ]

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        names = super().get_list_display(request)  # type: ignore[misc]
        found = _in_words(self, names, names, request.user)
        if ENGLISH in names or not hasattr(self.model, ENGLISH):  # type: ignore[attr-defined]
            return found
        # One column for a name that stands in two languages: in the reader's.
        own = Shown(self.model, NAME, request.user)  # type: ignore[attr-defined]
        return [own if name == NAME else name for name in found]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Whoever can type nothing is told that they view, and gets *Close* in the place of *Save*."""
        if kwargs.get("change") and not _typed(context):
            context |= dict.fromkeys(SAVES, False)
            if self.has_change_permission(request, kwargs.get("obj")):  # type: ignore[attr-defined]
                # Django's own sentence for who may only view.
                context["title"] = gettext("View %s") % self.opts.verbose_name  # type: ignore[attr-defined]
        shown: HttpResponse = super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]
        return shown


def _typed(context: Mapping[str, Any]) -> bool:
    """Whether the record or one of its inline rows has a field that is not only shown."""
    inlines = context["inline_admin_formsets"]
    return bool(context["adminform"].form.fields) or any(
        one.has_delete_permission
        or ((one.has_add_permission or one.has_change_permission) and one.formset.form.base_fields)
        for one in inlines
    )


def _writes(desk: Any, request: HttpRequest, obj: Any) -> bool:
    """Whether there is anything to type: who may only look sees every column as fixed."""
    if obj is None or desk.has_change_permission(request, obj):
        return True
    return isinstance(desk, InlineModelAdmin) and desk.has_add_permission(request, obj)


def _in_words(desk: Any, names: Sequence[Any], fixed: Collection[Any], viewer: Any) -> list[Any]:
    found: list[Any] = []
    for name in names:
        if isinstance(name, list | tuple):
            found.append(tuple(_in_words(desk, name, fixed, viewer)))
        elif name in fixed and is_raw(desk.model, name):
            found.append(Shown(desk.model, name, viewer))
        else:
            found.append(name)
    return found
