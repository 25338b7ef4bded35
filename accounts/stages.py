"""The steps of signing in that differ from allauth's."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.stages import EmailVerificationStage

from accounts.models import ContactPoint


class MailVerificationStage(EmailVerificationStage):
    """Verifying an address is for those who sign in by it: a verified phone is proof enough."""

    def handle(self) -> tuple[Any, bool]:
        user = self.login.user
        by_mail = self.login.email is not None
        if user is not None and not by_mail and self._has_phone(user.pk):
            return None, True
        if user is None and self.login.phone and not by_mail:
            return None, True
        outcome: tuple[Any, bool] = super().handle()
        return outcome

    def _has_phone(self, pk: int) -> bool:
        has_mail = EmailAddress.objects.filter(user_id=pk, verified=True).exists()
        return (
            has_mail or ContactPoint.objects.filter(user_id=pk, verified_at__isnull=False).exists()
        )
