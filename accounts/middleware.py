"""Staff reach the back office with a second factor only (R10)."""

from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

ADMIN_PREFIX = "/admin/"
ALWAYS_OPEN = ("/admin/login/", "/admin/logout/", "/admin/jsi18n/")


class StaffSecondFactor:
    """Sends staff without an authenticator to the page that makes one.

    Who has one was asked for it when signing in: allauth has no way around that step.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if (
            settings.STAFF_MFA_REQUIRED
            and request.path.startswith(ADMIN_PREFIX)
            and not request.path.startswith(ALWAYS_OPEN)
            and request.user.is_authenticated
            and request.user.is_staff
            and not is_mfa_enabled(request.user)
        ):
            messages.warning(
                request, _("Staff sign in with a second factor. Please set one up first.")
            )
            return redirect("mfa_activate_totp")
        return self.get_response(request)
