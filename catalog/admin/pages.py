from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from catalog.admin.base import CatalogAdmin, link
from catalog.admin.page_acts import PageActs
from catalog.admin.page_forms import PageForm, block_forms
from catalog.admin.page_rows import block_lines, dates, page_mark
from catalog.blocks.base import BLOCK_KINDS
from catalog.models import HOME, Page
from catalog.queries import default_channel
from core import clock


@admin.register(Page)
class PageAdmin(PageActs, CatalogAdmin):
    """Pages without code: one screen with the blocks in order, what shows now and what comes when."""

    form = PageForm
    list_display = ["title", "address", "channel", "mark", "open_between", "block_number"]
    list_filter = [("channel", RelatedDropdownFilter), "state"]
    list_filter_submit = True
    list_select_related = ["channel"]
    search_fields = ["slug", "title", "title_en"]
    change_form_outer_before_template = "admin/catalog/page_blocks.html"
    fieldsets = [
        (_("What it is"), {"fields": [("title", "title_en"), ("slug", "channel"), "hue"]}),
        (_("When it is open"), {"fields": [("starts_at", "ends_at")]}),
        (_("For search engines"), {"fields": ["description", "description_en"]}),
    ]

    class Media:
        css = {"all": ["quanyi/office/pages.css"]}
        js = ["quanyi/office/pages.js"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).annotate(number=Count("blocks"))
        return rows

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A home page is never taken away; other pages are."""
        home = obj is not None and obj.slug == HOME
        return not home and bool(super().has_delete_permission(request, obj))

    def get_actions(self, request: HttpRequest) -> Any:
        """Pages are taken away one by one, from their own screens."""
        return {}

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new page stands in the main channel unless somebody says otherwise."""
        return {"channel": default_channel().pk, **super().get_changeform_initial_data(request)}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Where a page stands is settled when it is made; a copy may stand elsewhere."""
        return ["channel"] if obj else []

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        page = Page.objects.filter(pk=object_id).first() if object_id.isdigit() else None
        own = self._screen(request, page, extra_context or {}) if page is not None else {}
        answer: HttpResponse = super().change_view(request, object_id, form_url, own)
        return answer

    def _screen(self, request: HttpRequest, page: Page, given: dict[str, Any]) -> dict[str, Any]:
        """What templates/admin/catalog/page_blocks.html reads."""
        now, may = clock.now(), self.has_change_permission(request, page)
        bound = given.get("bound", {})
        opened = bound.get("block") or request.GET.get("block", "")
        added = bound.get("add") or request.GET.get("add", "")
        row = page.blocks.filter(public_id=opened).first() if opened else None
        kind = BLOCK_KINDS.find(row.kind if row is not None else added)
        forms = bound.get("forms") or (block_forms(kind, row) if kind is not None and may else None)
        return {
            **given,
            "page": page,
            "page_mark": page_mark(page, now),
            "page_dates": dates(page.starts_at, page.ends_at),
            "page_url": reverse("catalog:home" if page.slug == HOME else "catalog:page",
                                args=[] if page.slug == HOME else [page.slug]),
            "is_home": page.slug == HOME,
            "may_arrange": may,
            "kinds": BLOCK_KINDS.all().items(),
            "added": (added, kind, forms) if kind is not None and added and row is None and may else None,
            "lines": block_lines(
                page, now, opened=opened, forms=forms, moved=request.GET.get("moved", "")[:24],
                way=request.GET.get("way", "")[:4],
            ),
        }  # fmt: skip

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> Any:
        """On to the screen where its blocks are put."""
        super().response_add(request, obj, post_url_continue)
        return HttpResponseRedirect(reverse("admin:catalog_page_change", args=[obj.pk]))

    def response_change(self, request: HttpRequest, obj: Any) -> Any:
        """Who saves the settings goes on with the blocks."""
        super().response_change(request, obj)
        return HttpResponseRedirect(reverse("admin:catalog_page_change", args=[obj.pk]))

    @display(description=_("Address"), ordering="slug")
    def address(self, page: Page) -> SafeString:
        url = (
            reverse("catalog:home")
            if page.slug == HOME
            else reverse("catalog:page", args=[page.slug])
        )
        return link(url, url)

    @display(
        description=_("State"),
        label={"warning": "warning", "success": "success", "info": "info", "": ""},
    )
    def mark(self, page: Page) -> tuple[str, str]:
        found = page_mark(page, clock.now())
        return found.tone, found.word

    @display(description=_("When it is open"))
    def open_between(self, page: Page) -> str:
        return dates(page.starts_at, page.ends_at) or "–"

    @display(description=_("Blocks"), ordering="number")
    def block_number(self, page: Any) -> int:
        return int(page.number)
