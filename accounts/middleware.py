"""Staff reach the back office with a second factor only (R10)."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.queries import lacks_second_factor

ADMIN_PREFIX = "/admin/"
ALWAYS_OPEN = ("/admin/login/", "/admin/logout/", "/admin/jsi18n/")


class StaffSecondFactor:
    """Sends staff without an authenticator to the page that makes one.

    Who has one was asked for it when signing in: allauth has no way around that step, and sessions
    from before end when the first is made (accounts.handlers). The path is the routed one: a
    channel's prefix before it makes no other page of it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if (
            request.path_info.startswith(ADMIN_PREFIX)
            and not request.path_info.startswith(ALWAYS_OPEN)
            and lacks_second_factor(request.user)
        ):
            return to_set_up(request)
        return self.get_response(request)


def to_set_up(request: HttpRequest) -> HttpResponse:
    """Where staff without a second factor go from a page that is for staff."""
    messages.warning(request, _("Staff sign in with a second factor. Please set one up first."))
    return redirect("mfa_activate_totp")
