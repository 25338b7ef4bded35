"""Is the shop able to serve? Only the database decides: without Valkey it sells more slowly, but it sells."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.utils.crypto import constant_time_compare
from django_prometheus.exports import ExportToDjangoView
from health_check.views import HealthCheckView

DATABASE = "health_check.checks.Database"
CACHE = "health_check.checks.Cache"
LOOPBACK = frozenset({"127.0.0.1", "::1"})


def may_see_inside(request: HttpRequest) -> bool:
    """A scraper proves itself by token; without one configured only this machine may look."""
    if settings.METRICS_TOKEN:
        return constant_time_compare(
            request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}"
        )
    return not settings.TRUSTED_PROXY_HOPS and request.META.get("REMOTE_ADDR") in LOOPBACK


def metrics(request: HttpRequest) -> HttpResponse:
    if not may_see_inside(request):
        raise Http404
    answer: HttpResponse = ExportToDjangoView(request)
    return answer


class PartsView(HealthCheckView):
    """Every part by name, for those who may see inside."""

    async def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not may_see_inside(request):
            raise Http404
        answer: HttpResponse = await super().dispatch(request, *args, **kwargs)
        return answer


urlpatterns = [
    path("health/", HealthCheckView.as_view(checks=[DATABASE]), name="health"),
    path("health/parts/", PartsView.as_view(checks=[DATABASE, CACHE]), name="health_parts"),
    path("metrics/", metrics, name="metrics"),
]
