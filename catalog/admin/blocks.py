from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from catalog.admin.base import CatalogAdmin, link
from catalog.blocks import BLOCK_KINDS
from catalog.models import PageBlock


class PageBlockForm(forms.ModelForm):
    """The kinds come from the socket, and each kind knows what is wrong with its settings."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "kind" in self.fields:
            choices = [(key, kind.title) for key, kind in BLOCK_KINDS.all().items()]
            self.fields["kind"] = forms.ChoiceField(
                label=_("Kind"),
                choices=choices,
                widget=UnfoldAdminSelectWidget,
                initial=self.initial.get("kind"),
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        kind, params = BLOCK_KINDS.find(str(data.get("kind", ""))), data.get("params")
        if kind is None or params is None:
            return data
        wrong = (
            kind.wrong(params)
            if isinstance(params, dict)
            else gettext('Settings are written as {"name": value}.')
        )
        if wrong:
            self.add_error("params", wrong)
        return data


@admin.register(PageBlock)
class PageBlockAdmin(CatalogAdmin):
    """Pages without code: blocks in order, for a channel, between dates, with a preview."""

    form = PageBlockForm
    list_display = [
        "shown_title",
        "channel",
        "page",
        "kind_title",
        "is_visible",
        "starts_at",
        "ends_at",
        "preview",
    ]
    list_filter = [("channel", RelatedDropdownFilter), "page", "is_visible"]
    list_filter_submit = True
    list_select_related = ["channel"]
    ordering_field = "position"
    search_fields = ["title", "title_en", "page"]
    readonly_fields = ["preview", "examples"]
    fieldsets = [
        (_("Where"), {"fields": [("channel", "page"), ("position", "is_visible"), "preview"]}),
        (_("What"), {"fields": ["kind", ("title", "title_en"), "params", "examples"]}),
        (_("When"), {"fields": ["starts_at", "ends_at"]}),
    ]

    @display(description=_("Title"), ordering="title")
    def shown_title(self, block: PageBlock) -> str:
        return block.title or self.kind_title(block)

    @display(description=_("Kind"), ordering="kind")
    def kind_title(self, block: PageBlock) -> str:
        kind = BLOCK_KINDS.find(block.kind)
        return str(kind.title) if kind else block.kind

    @display(description=_("Preview"))
    def preview(self, block: PageBlock) -> SafeString | str:
        if not block.pk:
            return "–"
        query = {"channel": block.channel.code}
        if block.starts_at:
            query["at"] = block.starts_at.isoformat()
        url = reverse("catalog:preview", args=[block.page]) + "?" + urlencode(query)
        return link(url, gettext("Preview"))

    @display(description=_("Settings by kind"))
    def examples(self, block: PageBlock) -> SafeString:
        rows = [(kind.title, kind.example) for kind in BLOCK_KINDS.all().values()]
        lines = "\n".join(f"{title}: {example}" for title, example in rows)
        return format_html('<pre class="whitespace-pre-wrap text-sm">{}</pre>', lines)
