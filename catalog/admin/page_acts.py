"""What an operator does on the screen of a page, each an address of its own that works without script."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.translation import gettext as _

from catalog.admin.page_forms import CopyPageForm, block_forms
from catalog.blocks.base import BLOCK_KINDS
from catalog.models import HOME, Page, PageBlock
from catalog.preview import preview_key
from catalog.services.copy_block import copy_block
from catalog.services.copy_page import PageRefused, copy_page
from catalog.services.open_page import open_page
from catalog.services.place_block import place_block
from catalog.services.remove_block import remove_block
from catalog.services.save_block import BlockRefused, save_block
from core import clock
from core.admin.base import actor
from core.tx import step
from risk.admin.confirm import confirm

WAYS = {"up": -1, "down": 1}


class PageActs:
    """Addresses below a page's own; a mixin of its admin."""

    admin_site: Any
    has_change_permission: Callable[..., bool]
    has_view_permission: Callable[..., bool]
    change_view: Callable[..., HttpResponse]

    def get_urls(self) -> list[Any]:
        def at(route: str, view: Any, name: str) -> Any:
            return path(
                f"<int:pk>/{route}", self.admin_site.admin_view(view), name=f"catalog_page_{name}"
            )

        own = [
            at("preview/", self.see, "preview"),
            at("copy/", self.copy, "copy"),
            at("open/", self.open, "open"),
            at("shut/", self.shut, "shut"),
            at("blocks/add/<slug:kind>/", self.add_block, "add_block"),
            at("blocks/<slug:block>/save/", self.keep_block, "save_block"),
            at("blocks/<slug:block>/place/", self.put_block, "place_block"),
            at("blocks/<slug:block>/copy/", self.double_block, "copy_block"),
            at("blocks/<slug:block>/remove/", self.drop_block, "remove_block"),
        ]
        return [*own, *super().get_urls()]  # type: ignore[misc]

    def see(self, request: HttpRequest, pk: int) -> HttpResponse:
        """On to the preview, with a fresh key in the hands of whoever asked."""
        page = get_object_or_404(Page, pk=pk)
        if not self.has_view_permission(request, page):
            raise PermissionDenied
        who = request.user.public_id  # type: ignore[union-attr]
        query = {"key": preview_key(page=page.public_id, by=who, now=clock.now())}
        query |= {name: request.GET[name] for name in ("at", "channel") if name in request.GET}
        url = reverse("catalog:preview", args=[page.slug])
        return HttpResponseRedirect(f"{url}?{urlencode(query)}")

    def copy(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask where the copy goes, then make it."""
        page = self._page(request, pk, posts=False)

        def run(data: dict[str, Any]) -> str:
            try:
                with step():
                    made = copy_page(
                        page_id=pk, slug=data["slug"].lower(), channel_id=data["channel"].pk,
                        now=clock.now(), acting=actor(request),
                    )  # fmt: skip
            except PageRefused as refused:
                raise ValidationError(str(refused)) from refused
            return _("Copied to %(page)s in %(channel)s.") % {
                "page": made.slug, "channel": data["channel"],
            }  # fmt: skip

        return confirm(
            request, title=_("Copy “%(page)s”") % {"page": page}, button=_("Copy"), form=CopyPageForm,
            text=_("The copy has the same blocks with the same dates. It is a draft until you set it live."),
            initial={"slug": page.slug if page.slug == HOME else f"{page.slug}-2"[:48], "channel": page.channel_id},
            back=reverse("admin:catalog_page_changelist"), run=run,
        )  # fmt: skip

    def open(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._set(request, pk, live=True)

    def shut(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._set(request, pk, live=False)

    def add_block(self, request: HttpRequest, pk: int, kind: str) -> HttpResponse:
        return self._save(request, pk, kind=kind)

    def keep_block(self, request: HttpRequest, pk: int, block: str) -> HttpResponse:
        return self._save(request, pk, block=block)

    def put_block(self, request: HttpRequest, pk: int, block: str) -> HttpResponse:
        """To a place (`to`, from dragging) or one up or down (`way`, from a button)."""
        self._page(request, pk)
        way, to = request.POST.get("way", ""), request.POST.get("to", "")
        wanted = int(to) if to.isascii() and to.isdigit() and len(to) < 4 else None  # noqa: PLR2004  a place
        if wanted is None and way not in WAYS:
            return self._back(pk)
        place = self._do(place_block, pk, block, request, to=wanted, steps=WAYS.get(way, 0))
        if way in WAYS:
            # No fragment in the address: a browser that jumps to one does not focus the button.
            return self._back(pk, moved=block, way=way, place=str(place + 1))
        return self._back(pk, at=block)

    def double_block(self, request: HttpRequest, pk: int, block: str) -> HttpResponse:
        self._page(request, pk)
        made = self._do(copy_block, pk, block, request)
        if made is None:
            return self._back(pk, at=block)
        messages.success(request, _("Copied. The copy is hidden until you show it."))
        return self._back(pk, at=made.public_id, block=made.public_id)

    def drop_block(self, request: HttpRequest, pk: int, block: str) -> HttpResponse:
        """Ask, then take it off the page."""
        page = self._page(request, pk, posts=False)
        row = get_object_or_404(page.blocks, public_id=block)
        kind = BLOCK_KINDS.find(row.kind)

        def run(data: dict[str, Any]) -> str:
            self._do(remove_block, pk, block, request)
            return _("Removed.")

        name = row.title or (kind.title if kind else row.kind)
        return confirm(
            request, title=_("Remove “%(block)s”") % {"block": name}, button=_("Remove"), run=run,
            text=_("It leaves the page at once. To bring it back later, hide it or give it dates instead."),
            back=_screen(pk),
        )  # fmt: skip

    def _save(
        self, request: HttpRequest, pk: int, *, kind: str = "", block: str = ""
    ) -> HttpResponse:
        page = self._page(request, pk)
        row = get_object_or_404(page.blocks, public_id=block) if block else None
        kind = row.kind if row is not None else kind
        known = BLOCK_KINDS.find(kind)
        if known is None:
            raise Http404
        frame, settings = forms = block_forms(known, row, request.POST)
        if frame.is_valid() and settings.is_valid():
            try:
                with step():
                    saved = save_block(
                        page_id=pk, kind=kind, block=block, frame=frame.frame(), params=settings.stored(),
                        now=clock.now(), acting=actor(request),
                    )  # fmt: skip
            except BlockRefused as refused:
                frame.add_error(None, str(refused))
            else:
                messages.success(request, _("Saved."))
                return self._back(pk, at=saved.public_id)
        request.method = "GET"  # the screen is drawn again, with what is wrong
        return self.change_view(
            request,
            str(pk),
            extra_context={"bound": {"forms": forms, "block": block, "add": "" if block else kind}},
        )

    def _set(self, request: HttpRequest, pk: int, *, live: bool) -> HttpResponse:
        page = self._page(request, pk, posts=False)

        def run(data: dict[str, Any]) -> str:
            try:
                with step():
                    open_page(page_id=pk, live=live, now=clock.now(), acting=actor(request))
            except PageRefused as refused:
                raise ValidationError(str(refused)) from refused
            return _("The page is live.") if live else _("The page is a draft again.")

        title = _("Set “%(page)s” live") if live else _("Take “%(page)s” back to draft")
        return confirm(
            request, title=title % {"page": page}, button=_("Set live") if live else _("Back to draft"), run=run,
            text=_("Visitors see it at once, or from its first day on, until its last.") if live
            else _("Visitors no longer find it. Nothing of it is lost."),
            back=_screen(pk),
        )  # fmt: skip

    def _do(self, act: Any, pk: int, block: str, request: HttpRequest, **more: Any) -> Any:
        """Call a service on a block; a refusal is shown, a block that is gone is 404."""
        try:
            with step():
                return act(page_id=pk, block=block, now=clock.now(), acting=actor(request), **more)
        except BlockRefused as refused:
            messages.error(request, str(refused))
        except PageBlock.DoesNotExist as gone:
            raise Http404 from gone
        return None

    def _page(self, request: HttpRequest, pk: int, *, posts: bool = True) -> Page:
        page = get_object_or_404(Page, pk=pk)
        if not self.has_change_permission(request, page):
            raise PermissionDenied
        if posts and request.method != "POST":
            raise Http404
        return page

    def _back(self, pk: int, *, at: str = "", **query: str) -> HttpResponse:
        asked = urlencode({key: value for key, value in query.items() if value})
        return HttpResponseRedirect(
            _screen(pk) + (f"?{asked}" if asked else "") + (f"#{at}" if at else "")
        )


def _screen(pk: int) -> str:
    return reverse("admin:catalog_page_change", args=[pk])
