"""What follows when allauth says that something happened; its signals are the only way to hear it."""

from typing import Any

from allauth.mfa.signals import authenticator_added
from django.dispatch import receiver

from accounts.services.end_other_sessions import end_other_sessions


@receiver(authenticator_added, dispatch_uid="accounts.handlers")
def on_authenticator_added(*, request: Any, user: Any, **_kwargs: Any) -> None:
    """Sessions that were opened without the second factor end with its first day."""
    end_other_sessions(user=user, keep=request.session.session_key or "")
