"""What the catalogue's back-office pages share: money as yuan, edits that leave a trace."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.roles import may
from catalog.services.record_edit import record_edit
from catalog.services.set_price import PriceRefused
from core import clock
from core.admin.base import actor
from core.admin.readable import Readable, label_of
from core.money import BadMoney, decimal_text, parse_minor
from core.tx import step

MOST_CHARACTERS = 200
LONGEST_AMOUNT = 20


class MinorField(forms.Field):
    """Minor units in the database, a decimal such as 98.50 on the form."""

    widget = UnfoldAdminTextInputWidget

    def __init__(
        self, *, currency: str = "CNY", empty: int | None = None, signed: bool = False,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        """`empty` is what nothing typed means, in minor units: a column that is never null needs it.

        Only what is `signed` may be typed with a minus.
        """
        super().__init__(**kwargs)
        self.currency = currency
        self.empty = empty
        self.signed = signed

    def prepare_value(self, value: Any) -> Any:
        return decimal_text(value, self.currency) if isinstance(value, int) else value

    def to_python(self, value: Any) -> Any:
        text = str(value or "").strip()
        if not text:
            return self.empty
        try:
            amount = parse_minor(text[:LONGEST_AMOUNT], self.currency)
        except BadMoney:
            raise forms.ValidationError(_("Write an amount such as 98.50.")) from None
        if amount < 0 and not self.signed:
            raise forms.ValidationError(_("An amount is not negative."))
        return amount

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != initial)
        except forms.ValidationError:
            return True


class MinorFields(Readable):
    """Draws every `*_minor` column as a decimal amount, typed or only shown."""

    def formfield_for_dbfield(
        self, db_field: "models.Field[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name.endswith("_minor"):
            return MinorField(
                label=kwargs.get("label") or label_of(db_field),
                required=not db_field.blank,
                help_text=kwargs.get("help_text", db_field.help_text),
                empty=None
                if db_field.null or not db_field.has_default()
                else db_field.get_default(),
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]


class CatalogAdmin(MinorFields, ModelAdmin):
    """A page whose saves are audited, make products findable, and reach every process."""

    warn_unsaved_form = True
    list_per_page = 50

    def products_of(self, obj: Any) -> list[int]:
        """Keys of the products whose search words depend on this row."""
        return []

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        super().save_related(request, form, formsets, change)
        changed = {name: _plain(form.cleaned_data.get(name)) for name in form.changed_data}
        for formset in formsets:
            rows = [*formset.new_objects, *(row for row, _fields in formset.changed_objects)]
            for row in rows:
                changed[f"{row._meta.model_name} {row}"[:80]] = "saved"
            for row in formset.deleted_objects:
                changed[f"{row._meta.model_name} {row}"[:80]] = "deleted"
        self._leave_trace(request, form.instance, changed)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        products = self.products_of(obj)
        subject = _subject(obj)
        super().delete_model(request, obj)
        record_edit(
            subject=subject,
            changed={"deleted": str(obj)},
            now=clock.now(),
            acting=actor(request),
            product_ids=products,
        )

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        with step():
            for obj in queryset:
                self.delete_model(request, obj)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A refusal that only the locked row could tell takes the whole save back."""
        try:
            answer: HttpResponse = super().changeform_view(request, *args, **kwargs)
        except PriceRefused as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(request.get_full_path())
        return answer

    def _leave_trace(self, request: HttpRequest, obj: Any, changed: dict[str, str]) -> None:
        record_edit(
            subject=_subject(obj),
            changed=changed,
            now=clock.now(),
            acting=actor(request),
            product_ids=self.products_of(obj),
        )


def link(url: str, text: str) -> SafeString:
    """A link that opens beside the back office."""
    return format_html(
        '<a class="text-primary-600 dark:text-primary-500" href="{}" target="_blank">{}</a>',
        url,
        text,
    )


def require(request: HttpRequest, act: str) -> None:
    """Refuse staff whose roles do not include the act. Raises PermissionDenied."""
    if not may(request.user, act):  # type: ignore[arg-type]
        raise PermissionDenied


def _subject(obj: Any) -> str:
    key = (
        getattr(obj, "public_id", None)
        or getattr(obj, "code", None)
        or getattr(obj, "slug", None)
        or obj.pk
    )
    return f"{obj._meta.model_name}:{key}"


def _plain(value: Any) -> str:
    if isinstance(value, models.QuerySet):
        return ", ".join(map(str, value))[:MOST_CHARACTERS]
    return str(value)[:MOST_CHARACTERS]
