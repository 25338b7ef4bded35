"""Which channel a request came by, and the short way for visitors' pages."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.urls import get_script_prefix, set_script_prefix

from catalog import page_cache
from catalog.offers import ChannelView
from catalog.queries import default_channel
from catalog.snapshot import current
from catalog.viewed import remember

Handler = Callable[[HttpRequest], HttpResponse]


class PageCacheMiddleware:
    """Answers a visitor's page from this process, before sessions, sign-in and routing.

    Belongs behind what every answer needs (security and policy headers) and before the session;
    before or behind the channel is the same, since host and whole path are the key.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        key = page_cache.key_of(request)
        if key is None:
            return self.get_response(request)
        kept = page_cache.answer(key, request)
        if kept is not None:
            return kept
        request.is_visitor = True  # type: ignore[attr-defined]
        response = self.get_response(request)
        visit = getattr(response, "visit", None)
        if visit is None or response.status_code != HTTPStatus.OK:
            return response
        return page_cache.keep(key, request, response, visit)


class ViewedMiddleware:
    """Lets a visitor's browser remember the products he looked at, on kept pages too.

    Belongs in front of the page cache, so that what it says stands on nobody else's copy.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        match = request.resolver_match
        if (
            match is not None
            and match.view_name == "catalog:product"
            and response.status_code == HTTPStatus.OK
            and request.method == "GET"
        ):
            remember(request, response, match.kwargs["slug"])
        return response


class ChannelMiddleware:
    """Sets `request.channel` by path prefix, else by host, else the default channel.

    A path prefix is taken off before routing, and stands before every address the page makes.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        before = get_script_prefix()
        request.channel = self._resolve(request)  # type: ignore[attr-defined]
        try:
            return self.get_response(request)
        finally:
            set_script_prefix(before)

    def _resolve(self, request: HttpRequest) -> ChannelView:
        snap = current()
        for prefix, channel in snap.prefixes:
            if request.path_info.startswith(prefix):
                request.path_info = "/" + request.path_info[len(prefix) :]
                script = request.META.get("SCRIPT_NAME", "").rstrip("/")
                set_script_prefix(script + prefix)
                return channel
        host = request.META.get("HTTP_HOST", "").rsplit(":", 1)[0].lower()
        return snap.hosts.get(host) or default_channel()
