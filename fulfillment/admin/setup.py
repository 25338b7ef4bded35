"""Forms of redemption's set-up: only who may the act edits, every edit is audited, nothing is deleted."""

from typing import Any, ClassVar

from django.http import HttpRequest
from unfold.admin import ModelAdmin

from accounts.roles import may
from core import clock
from core.admin.base import actor
from core.admin.readable import Readable
from fulfillment.services.redeeming.note_setup import note_setup

LONGEST = 200


class SetupAdmin(Readable, ModelAdmin):
    """`act` is what staff must be allowed; `tag` is under which edits are audited."""

    act: ClassVar[str]
    tag: ClassVar[str]
    warn_unsaved_form = True
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request) and may(request.user, self.act)  # type: ignore[arg-type]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and may(request.user, self.act)  # type: ignore[arg-type]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """History names these rows for ever; one is switched off instead."""
        return False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        super().save_related(request, form, formsets, change)
        changed = {name: str(form.cleaned_data.get(name))[:LONGEST] for name in form.changed_data}
        for formset in formsets:
            for row in formset.new_objects:
                changed[_name(row)] = _plain(row)
            for row, fields in formset.changed_objects:
                changed[_name(row)] = _plain(row, fields)
            for row in formset.deleted_objects:
                changed[_name(row)] = "deleted"
        row = form.instance
        note_setup(
            tag=self.tag, subject=f"{row._meta.model_name}:{getattr(row, 'public_id', row.pk)}",
            changed=changed, by=actor(request), now=clock.now(),
        )  # fmt: skip


def _name(row: Any) -> str:
    return f"{row._meta.model_name} {getattr(row, 'public_id', row.pk)}"


def _plain(row: Any, fields: Any = None) -> str:
    chosen = fields or [f.name for f in row._meta.fields if f.editable and not f.primary_key]
    told = {name: str(getattr(row, name, "")) for name in chosen if hasattr(row, name)}
    return ", ".join(f"{name}={value}" for name, value in told.items())[:LONGEST]
