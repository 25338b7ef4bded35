"""What the till's pages ask for beside themselves: frames to be read, and what makes them an app on a phone."""

from http import HTTPStatus

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django_ratelimit.core import is_ratelimited

from fulfillment.redeeming.frames import MAX_BYTES, Busy, NotAPicture, TooLarge, read_frame
from fulfillment.redemption import ClerkView
from fulfillment.views.redeem import at_till

# A page sends three a second at most; a clerk's two open pages are still inside it.
FRAMES = "400/m"
WORKER = "quanyi/till-worker.js"
ICONS = (("quanyi/till-192.png", "192x192"), ("quanyi/till-512.png", "512x512"))


def _told(sentence: str, status: HTTPStatus) -> JsonResponse:
    return JsonResponse({"error": sentence}, status=status)


@require_POST
@at_till
def frame(request: HttpRequest, clerk: ClerkView) -> HttpResponse:
    """Texts of the codes on one frame of a clerk's camera: `{"found": […]}`, or `{"error": sentence}`.

    413 too large, 415 no picture, 429 too many of this clerk, 503 too many at once: the next frame will do.
    """
    if is_ratelimited(
        request, group="till.frame", key=lambda _group, _request: clerk.actor, rate=FRAMES,
        increment=True,
    ):  # fmt: skip
        return _told(_("Too many pictures. Please wait a moment."), HTTPStatus.TOO_MANY_REQUESTS)
    if _length(request) > MAX_BYTES:
        return _told(
            _("The picture is too large. Send a smaller one."), HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        )
    try:
        return JsonResponse({"found": read_frame(request.read(MAX_BYTES + 1))})
    except TooLarge as error:
        return _told(str(error), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    except NotAPicture as error:
        return _told(str(error), HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    except Busy:
        return _told(_("Too many pictures. Please wait a moment."), HTTPStatus.SERVICE_UNAVAILABLE)


def _length(request: HttpRequest) -> int:
    said = request.headers.get("Content-Length", "")
    return int(said) if said.isascii() and said.isdigit() else 0


@require_GET
def manifest(request: HttpRequest) -> HttpResponse:
    """What a phone needs to put the till on its home screen, in the reader's language."""
    icons = [
        {"src": static(path), "sizes": sizes, "type": "image/png", "purpose": purpose}
        for path, sizes in ICONS
        for purpose in ("any", "maskable")
    ]
    told = {
        "id": reverse("fulfillment:redeem"),
        "name": _("Quanyi till"),
        "short_name": _("Till"),
        "description": _("Redeem vouchers at the counter."),
        "lang": get_language(),
        "start_url": reverse("fulfillment:redeem"),
        "scope": reverse("fulfillment:redeem"),
        "display": "standalone",
        "background_color": "#f7f4ee",
        "theme_color": "#f7f4ee",
        "icons": icons,
        "shortcuts": [{"name": _("Today"), "url": reverse("fulfillment:redeem_today")}],
    }
    answer = JsonResponse(told, content_type="application/manifest+json")
    answer.headers["Vary"] = "Accept-Language, Cookie"
    return answer


@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """The till's service worker, served from the till's own path so that it has charge of it alone."""
    answer = HttpResponse(_worker_text(), content_type="text/javascript; charset=utf-8")
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def _worker_text() -> str:
    if not settings.DEBUG and staticfiles_storage.exists(WORKER):
        with staticfiles_storage.open(WORKER) as file:
            return str(file.read().decode())
    found = finders.find(WORKER)
    assert isinstance(found, str)
    with open(found, encoding="utf-8") as source:  # noqa: PTH123
        return source.read()


@never_cache
@require_GET
def offline(request: HttpRequest) -> HttpResponse:
    """What the service worker keeps for a moment without a connection."""
    return render(request, "fulfillment/redeem/offline.html", {"clerk": None})
