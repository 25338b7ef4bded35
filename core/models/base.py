"""Bases every floor builds on: public ids, append-only tables, rows that are their own queue."""

from functools import partial
from typing import Any, ClassVar

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.ids import new_id


class PublicIdField(models.CharField):
    """Text to the database and to migrations; only its name in the back office is its own."""

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, _path, args, kwargs = super().deconstruct()
        kwargs.pop("verbose_name", None)
        return name, "django.db.models.CharField", list(args), kwargs


def public_id_field(prefix: str) -> "models.CharField[str, str]":
    """The id the outside world knows: `<prefix>_` and 16 Crockford capitals."""
    return PublicIdField(
        _("public id"), max_length=24, unique=True, editable=False, default=partial(new_id, prefix)
    )


def protect() -> pgtrigger.Protect:
    """Refuses UPDATE and DELETE of a row to everyone, the owner role included."""
    return pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class AppendOnly(models.Model):
    """Rows are facts: written once. The app role also loses UPDATE, DELETE and TRUNCATE rights.

    A subclass with its own Meta inherits this one: `class Meta(AppendOnly.Meta)`.
    """

    append_only: ClassVar[bool] = True

    class Meta:
        abstract = True
        triggers: list[pgtrigger.Trigger] = [protect()]


class LeasedWork(models.Model):
    """A row which is its own work item: due at `not_before`, held by whoever holds the lease."""

    not_before = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    lease_token = models.CharField(max_length=24, blank=True, default="", editable=False)
    tries = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        abstract = True
