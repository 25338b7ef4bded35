from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from catalog.admin.base import CatalogAdmin
from catalog.models import Channel

RESERVED = frozenset(
    {
        "admin", "accounts", "account", "language", "health", "metrics", "static", "c", "p", "page", "search", "viewed",
        "cart", "checkout", "orders", "lookup", "wallet", "deliveries", "pay", "suppliers", "api",
    }
)  # fmt: skip


class ChannelForm(forms.ModelForm):
    """A host opens one channel; a prefix does not hide a page of the shop."""

    def clean_hosts(self) -> list[str]:
        hosts = sorted(
            {str(host).strip().lower() for host in self.cleaned_data["hosts"] if str(host).strip()}
        )
        others = Channel.objects.exclude(pk=self.instance.pk).filter(hosts__overlap=hosts)
        if hosts and others.exists():
            raise forms.ValidationError(gettext("One of these hosts opens another channel."))
        return hosts

    def clean_path_prefix(self) -> str:
        prefix = str(self.cleaned_data["path_prefix"])
        if prefix.split("/", maxsplit=1)[0] in RESERVED:
            raise forms.ValidationError(gettext("This path belongs to a page of the shop."))
        return prefix

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.instance.is_default and not data.get("is_active", True):
            self.add_error("is_active", gettext("The default channel stays active."))
        return data


@admin.register(Channel)
class ChannelAdmin(CatalogAdmin):
    """Where goods are sold: hosts or a path, look, price list."""

    form = ChannelForm
    list_display = ["name", "code", "opened_by", "price_list", "is_default", "is_active"]
    list_select_related = ["price_list"]
    search_fields = ["code", "name", "name_en"]
    readonly_fields = ["public_id", "is_default"]
    fieldsets = [
        (_("What it is"), {"fields": [("name", "name_en"), "code", ("is_active", "is_default")]}),
        (_("How one comes in"), {"fields": ["hosts", "path_prefix"]}),
        (
            _("What it shows and costs"),
            {"fields": ["theme", "price_list", "commission_reserve_bp"]},
        ),
        (_("Record"), {"fields": ["public_id"], "classes": ["collapse"]}),
    ]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Orders name channels for ever; one is made inactive instead."""
        return False

    @display(description=_("Opened by"))
    def opened_by(self, channel: Channel) -> str:
        ways = [*channel.hosts, *([f"/{channel.path_prefix}/"] if channel.path_prefix else [])]
        return ", ".join(ways) or gettext("whatever no other channel takes")
