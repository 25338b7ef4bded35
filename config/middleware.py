"""Request-wide concerns kept lean: each runs on every request of every order."""

import time
import uuid
from collections.abc import Callable
from http import HTTPStatus

import structlog
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import Histogram

Handler = Callable[[HttpRequest], HttpResponse]

log = structlog.get_logger("request")

LATENCY = Histogram(
    "quanyi_request_seconds",
    "Time to answer, by view and class of status.",
    ("view", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)


class MeasureMiddleware:
    """Counts and times answers by view name, so that labels stay few."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        view = match.view_name if match else "none"
        LATENCY.labels(view or "unnamed", f"{response.status_code // 100}xx").observe(
            time.perf_counter() - started
        )
        return response


class RequestLogMiddleware:
    """Gives each request an id that stands on every log line, and logs the answer without its query string."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=uuid.uuid4().hex)
        response = self.get_response(request)
        if response.status_code >= HTTPStatus.BAD_REQUEST or settings.DEBUG:
            log.info(
                "answered", method=request.method, path=request.path, status=response.status_code
            )
        return response


class ContentSecurityPolicyMiddleware:
    """Strict for the shop, relaxed only under the back office; the two headers are built once."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.shop = build_policy()
        self.admin = build_policy(replace=settings.ADMIN_CONTENT_SECURITY_POLICY["DIRECTIVES"])
        self.permissions = settings.PERMISSIONS_POLICY

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        headers = response.headers
        if "Content-Security-Policy" not in headers:
            headers["Content-Security-Policy"] = (
                self.admin if request.path_info.startswith("/admin/") else self.shop
            )
        if "Permissions-Policy" not in headers:
            headers["Permissions-Policy"] = self.permissions
        return response
