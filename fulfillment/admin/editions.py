"""Numbered editions in the back office: made and sized here, and whose each number was."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts.roles import may
from core import clock
from core.admin.base import Badge, ReadOnlyAdmin, actor
from core.admin.readable import Readable
from core.admin.who import who
from fulfillment.admin.timeline import table
from fulfillment.models import Certificate, CertificateLink, Edition
from fulfillment.queries.editions import editions_counted, retired_numbers, with_last_link
from fulfillment.services.editions.save_edition import NotSaved, save_edition

BADGES = {"issued": "info", "given": "success", "kept": "success", "retired": "danger"}


class EditionForm(forms.ModelForm):
    class Meta:
        model = Edition
        fields = ("sku", "size")


@admin.register(Edition)
class EditionAdmin(Readable, ModelAdmin):
    """One row for each numbered SKU. What stands in the way is said in the form."""

    form = EditionForm
    list_display = ["name", "sku", "size", "issued", "kept_now", "made_at"]
    list_select_related = ["sku"]
    search_fields = ["=public_id", "sku__code", "name", "name_en"]
    autocomplete_fields = ["sku"]
    list_per_page = 50
    warn_unsaved_form = True
    readonly_fields = ["public_id", "name", "name_en", "issued", "retired", "made_by", "made_at",
                       "owners"]  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Edition]:
        return editions_counted()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["sku", "size", *(self.readonly_fields if obj else [])]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fixed = ["sku"] if obj else []
        return [*fixed, *(["size"] if obj and obj.issued else []), *self.readonly_fields]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request) and may(request.user, "editions.manage")  # type: ignore[arg-type]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and may(request.user, "editions.manage")  # type: ignore[arg-type]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What the service refuses takes the whole save back."""
        try:
            answer: HttpResponse = super().changeform_view(request, *args, **kwargs)
        except NotSaved as refused:
            messages.error(request, refused.why.label)
            return HttpResponseRedirect(request.get_full_path())
        return answer

    def save_model(
        self,
        request: HttpRequest,
        obj: Edition,
        form: Any,
        change: bool,  # noqa: FBT001  Django's
    ) -> None:
        saved = save_edition(sku_id=obj.sku_id, size=obj.size, by=actor(request), now=clock.now())
        obj.pk, obj.public_id, obj._state.adding = saved.pk, saved.public_id, False

    @display(description=_("held for buyers"))
    def kept_now(self, row: Any) -> int:
        return int(row.kept)

    @display(description=_("retired numbers"))
    def retired(self, row: Edition) -> int:
        return retired_numbers(row)

    @display(description=_("made by"))
    def made_by(self, row: Edition) -> str:
        return who(row.by)

    @display(description=_("Owners"))
    def owners(self, row: Edition) -> SafeString:
        address = reverse("admin:fulfillment_certificate_changelist")
        return format_html(
            '<a class="text-primary-600" href="{}?edition__id__exact={}">{}</a>', address, row.pk,
            gettext("All numbers and whose they are"),
        )  # fmt: skip


@admin.register(Certificate)
class CertificateAdmin(ReadOnlyAdmin):
    """Every number with its holder; the chain says whose it was."""

    list_display = ["edition", "number", "what", "holder", "since", "public_id"]
    list_filter = ["edition"]
    search_fields = ["=public_id", "=number", "=entitlement__public_id", "=entitlement__reference",
                     "=entitlement__owner"]  # fmt: skip
    search_help_text = _("Certificate, number, entitlement, order or user, exactly")
    list_per_page = 50
    fields = ["public_id", "edition", "number", "thing", "issued_at", "page", "owners"]
    readonly_fields = ["thing", "page", "owners"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Certificate]:
        return with_last_link().select_related("edition", "entitlement")

    @display(description=_("State"), label=BADGES)
    def what(self, row: Any) -> Badge:
        return Badge(row.last_what, CertificateLink.What(row.last_what).label)

    @display(description=_("holder"))
    def holder(self, row: Any) -> str:
        if row.last_what == CertificateLink.What.RETIRED:
            return "–"
        owner = row.entitlement.owner
        return who(f"user:{owner}" if owner else "guest")

    @display(description=_("since"))
    def since(self, row: Any) -> Any:
        return row.last_at

    @display(description=_("thing"))
    def thing(self, row: Certificate) -> str:
        return row.entitlement.public_id

    @display(description=_("public page"))
    def page(self, row: Certificate) -> SafeString:
        address = reverse("fulfillment:certificate", args=[row.public_id])
        return format_html('<a class="text-primary-600" href="{}">{}</a>', address, address)

    @display(description=_("Owners"))
    def owners(self, row: Certificate) -> SafeString | str:
        links = row.links.select_related("key").order_by("number")
        return table(
            (link.at.astimezone().strftime("%Y-%m-%d %H:%M:%S"), link.get_what_display(),
             who(link.by), link.hash[:16], link.key.key_id)
            for link in links
        )  # fmt: skip
