"""What a visitor sees when something is wrong: plain words and a way on, never a trace."""

from django.http import HttpRequest, HttpResponse
from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

FALLBACK = (
    '<!doctype html><html lang="zh"><meta charset="utf-8"><title>Quanyi</title>'
    '<p>{}</p><p><a href="/">Quanyi</a></p>'
)


def _page(request: HttpRequest | None, status: int, words: str) -> HttpResponse:
    try:
        body: str = render_to_string(f"{status}.html", {"words": words}, request)
    except TemplateDoesNotExist:
        body = FALLBACK.format(words)
    return HttpResponse(body, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 400, _("We could not read that request."))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 403, _("You may not open this page."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _page(
        request, 403, _("The form had expired. Go back, reload the page and try once more.")
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 404, _("There is nothing at this address."))


def server_error(request: HttpRequest) -> HttpResponse:
    # No request: context processors might ask the very thing that is broken.
    return _page(
        None,
        500,
        _("Something failed on our side. Your money and goods are safe; please try again."),
    )
