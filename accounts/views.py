"""A person's own page: name, language, ways to sign in, devices."""

from allauth.account.models import EmailAddress
from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.forms import ProfileForm
from accounts.models import ContactPoint, User
from accounts.my_level import standing_shown
from accounts.services.end_other_sessions import end_other_sessions
from accounts.services.save_profile import save_profile
from core import clock


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Show and change name and language; link to everything else."""
    user: User = request.user  # type: ignore[assignment]
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        save_profile(
            user=user,
            display_name=form.cleaned_data["display_name"],
            language=form.cleaned_data["language"],
        )
        messages.success(request, _("Saved."))
        response = redirect("accounts:profile")
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            user.language,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            samesite="Lax",
            httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
            secure=request.is_secure(),
        )
        return response
    return render(request, "accounts/profile.html", {"form": form, **_ways_in(user)})


def _ways_in(user: User) -> dict[str, object]:
    return {
        "phone": ContactPoint.objects.filter(user=user, verified_at__isnull=False).first(),
        "mails": EmailAddress.objects.filter(user=user).order_by("-primary", "email"),
        "has_password": user.has_usable_password(),
        "has_second_factor": is_mfa_enabled(user),
        "session_count": UserSession.objects.filter(user=user).count(),
    }


@never_cache
@login_required
@require_safe
def my_level(request: HttpRequest) -> HttpResponse:
    """Where I stand, what is missing to the next level, what levels give, and how it came."""
    user: User = request.user  # type: ignore[assignment]
    context = standing_shown(user, now=clock.now(), page=request.GET.get("page", "1"))
    return render(request, "accounts/level.html", context)


@login_required
@require_POST
def sign_out_elsewhere(request: HttpRequest) -> HttpResponse:
    """End this person's sessions on all other devices."""
    ended = end_other_sessions(user=request.user, keep=request.session.session_key or "")
    messages.success(request, _("Signed out on %(count)d other devices.") % {"count": ended})
    return redirect("accounts:profile")
