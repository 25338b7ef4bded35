"""The second factor once more, for whoever agrees to an act that takes two persons."""

import time
from typing import Any

from allauth.account import app_settings
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.forms import SecondFactorAgainForm
from core.approvals import Proof


def code_again(request: HttpRequest) -> Proof | None:
    """A form for a code, bound when one was sent; None when this session gave one just now.

    "Just now" is ACCOUNT_REAUTHENTICATION_TIMEOUT seconds. A desk left open, or a stolen session,
    so agrees to nothing (step-up at approving: reliability.md, two persons). Who may be staff without a
    second factor (STAFF_MFA_REQUIRED off, on one's own machine) is not asked for one.
    """
    user = request.user
    if not is_mfa_enabled(user) or _gave_one_just_now(request):
        return None
    sent = request.POST if request.method == "POST" else None
    form: Any = SecondFactorAgainForm(sent, user=user)  # type: ignore[call-arg]
    form.fields["code"].widget = UnfoldAdminTextInputWidget(
        attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": "20"}
    )
    proof: Proof = form
    return proof


def _gave_one_just_now(request: HttpRequest) -> bool:
    codes = [
        record["at"]
        for record in get_authentication_records(request, request.user)
        if record.get("method") == "mfa"
    ]
    return bool(codes) and time.time() - max(codes) < app_settings.REAUTHENTICATION_TIMEOUT
