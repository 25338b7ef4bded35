"""What machines read: robots.txt and the site map."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from catalog.models import HOME
from catalog.offers import ChannelView
from catalog.queries import categories, on_sale, open_pages
from core import clock

MAX_ADDRESSES = 50_000
CLOSED = (
    "/admin/",
    "/accounts/",
    "/cart/",
    "/checkout/",
    "/orders/",
    "/lookup/",
    "/wallet/",
    "/pay/",
    "/search/",
    "/viewed/",
)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """What a crawler should leave alone, and where the map is."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in CLOSED)]
    lines += ["", f"Sitemap: {settings.SITE_URL}{reverse('catalog:sitemap')}", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """Every page of the channel that can be bought from."""
    channel: ChannelView = request.channel  # type: ignore[attr-defined]
    now = clock.now()
    pages = on_sale(channel, now)
    filled = {page.category_slug for page in pages}
    paths = [reverse("catalog:home"), reverse("catalog:all")]
    paths += [
        reverse("catalog:category", args=[row.slug]) for row in categories() if row.slug in filled
    ]
    paths += [
        reverse("catalog:page", args=[row.slug])
        for row in open_pages(channel, now)
        if row.slug != HOME
    ]
    paths += [reverse("catalog:product", args=[page.slug]) for page in pages]
    addresses = [settings.SITE_URL + path for path in paths[:MAX_ADDRESSES]]
    return render(
        request, "catalog/sitemap.xml", {"addresses": addresses}, content_type="application/xml"
    )
