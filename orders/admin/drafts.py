"""Things that are set up on one screen while they are drafts, and stand still once they were promised."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from catalog.admin.base import MinorFields
from core import clock
from core.admin.base import actor
from fulfillment.admin.setup import SetupAdmin
from orders.admin.orders import ReasonForm
from orders.admin.promotion_fields import channel_choices, goods_field
from risk.admin.confirm import confirm

DRAFT = "draft"


class DraftAdmin(MinorFields, SetupAdmin):
    """Every field on its screen is fixed when it is no draft; `maker` is the column of who made it."""

    maker: ClassVar[str] = "by"

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Channels are chosen by their names; the column keeps a list of codes."""
        if db_field.name != "channels":
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        field = goods_field(_("In these channels"), _("Nothing chosen: in all."))
        field.choices = channel_choices()
        return field

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fixed = list(super().get_readonly_fields(request, obj))
        if obj is not None and obj.state != DRAFT:
            for _title, options in self.fieldsets or ():
                for name in options["fields"]:
                    fixed += [name] if isinstance(name, str) else list(name)
        return list(dict.fromkeys(fixed))

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        return {} if obj is not None else dict(self.prepopulated_fields)

    def save_model(
        self,
        request: HttpRequest,
        obj: Any,
        form: Any,
        change: bool,  # noqa: FBT001  Django's
    ) -> None:
        if not change:
            setattr(obj, self.maker, actor(request))
            obj.created_at = obj.state_at = clock.now()
        super().save_model(request, obj, form, change)

    def ask(
        self, request: HttpRequest, row: Any, button: str, text: str,
        run: Callable[[dict[str, Any]], str], **more: Any,
    ) -> HttpResponse:  # fmt: skip
        """Say what will happen, take a reason, and come back to the row's page."""
        back = reverse(f"admin:orders_{self.opts.model_name}_change", args=[row.pk])
        asked = {"form": ReasonForm, "act": self.act, **more}
        return confirm(
            request, title=row.name, text=text, button=button, back=back, run=run, **asked
        )
