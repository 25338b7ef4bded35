"""Where allauth meets our house: phones, messages through our queue, limits that hold in PostgreSQL."""

from datetime import timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal.ratelimit import respond_429
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import F
from django.forms import Field
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.contacts import Contact, read_contact
from accounts.mails import TEMPLATES, mail_context
from accounts.models import ContactPoint, SealedSecret, User
from accounts.models.user import Language
from accounts.queries import holder_of_phone, phone_of
from accounts.services.allow_code import allow_code
from accounts.services.save_phone import PhoneTaken, save_phone
from accounts.services.send_message import send_message
from core import clock
from core.crypto import seal, unseal
from core.ids import new_id
from core.tx import step
from risk.requests import client_ip
from risk.services.assess import assess
from risk.services.pardon import pardon
from risk.values import NotAValue

CODE_LIVES = timedelta(minutes=15)


def language_now() -> str:
    """The reader's language, as one of ours."""
    current = get_language() or Language.CHINESE
    return current if current in Language.values else Language.CHINESE.value


class AccountAdapter(DefaultAccountAdapter):
    """Sign-in by phone or mail. Phones are ContactPoints; every code passes the same limits."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "phone_taken": _("Somebody else uses this phone number."),
    }

    # --- who is asking ---------------------------------------------------------------------------

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)

    def save_user(
        self,
        request: HttpRequest,
        user: User,
        form: Any,
        commit: bool = True,  # noqa: FBT001, FBT002  allauth's signature
    ) -> User:
        user.language = language_now()
        user.joined_at = clock.now()
        super().save_user(request, user, form, commit)
        return user

    def get_login_stages(self) -> list[str]:
        ours = {
            "allauth.account.stages.EmailVerificationStage": "accounts.stages.MailVerificationStage"
        }
        return [ours.get(stage, stage) for stage in super().get_login_stages()]

    # --- limits ----------------------------------------------------------------------------------

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        super().pre_authenticate(request, **credentials)
        assessment = assess(
            point="login",
            subject="login",
            facts=self._login_facts(request, credentials),
            now=clock.now(),
        )
        if assessment.stops:
            raise ValidationError(assessment.message)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        user = super().authenticate(request, **credentials)
        if user is not None:
            pardon(point="login", facts=self._login_facts(request, credentials), now=clock.now())
        return user

    def _login_facts(self, request: HttpRequest, credentials: dict[str, Any]) -> dict[str, object]:
        name = str(credentials.get("email") or credentials.get("phone") or "")
        try:
            contact = read_contact(name).fact
        except NotAValue:
            contact = ""
        return {"ip": client_ip(request), "contact": contact}

    def _pass_or_429(self, contact: Contact) -> None:
        if not allow_code(to_index=contact.index, ip=client_ip(self.request), now=clock.now()):
            raise ImmediateHttpResponse(respond_429(self.request))

    # --- phones ----------------------------------------------------------------------------------

    def phone_form_field(self, **kwargs: Any) -> Field:
        from accounts.forms import PhoneField

        return PhoneField(**kwargs)

    def clean_phone(self, phone: str) -> str:
        try:
            return read_contact(phone, kind="phone").value
        except NotAValue as error:
            raise ValidationError(error.args[0]) from error

    def set_phone(self, user: User, phone: str, verified: bool) -> None:  # noqa: FBT001
        try:
            save_phone(
                user=user,
                phone=read_contact(phone, kind="phone"),
                verified=verified,
                now=clock.now(),
            )
        except PhoneTaken as error:
            self.add_message(
                self.request, messages.ERROR, message=str(self.error_messages["phone_taken"])
            )
            raise ImmediateHttpResponse(redirect("account_login")) from error

    def get_phone(self, user: User) -> tuple[str, bool] | None:
        points = ContactPoint.objects.filter(user=user, kind=ContactPoint.Kind.PHONE)
        point = points.order_by(F("verified_at").desc(nulls_last=True), "-created_at").first()
        return (phone_of(point), point.verified_at is not None) if point else None

    def set_phone_verified(self, user: User, phone: str) -> None:
        self.set_phone(user, phone, True)

    def get_user_by_phone(self, phone: str) -> User | None:
        """Only who has verified it: a number somebody merely typed in is nobody's."""
        try:
            return holder_of_phone(read_contact(phone, kind="phone").index)
        except NotAValue:
            return None

    # --- messages --------------------------------------------------------------------------------

    def send_verification_code_sms(self, user: User, phone: str, code: str, **kwargs: Any) -> None:
        contact = read_contact(phone, kind="phone")
        self._pass_or_429(contact)
        self._queue("sms", contact, "sign_in_code", {"code": code})

    def send_unknown_account_sms(self, phone: str, **kwargs: Any) -> None:
        """No text is paid for a stranger; the limits count, so the answer looks the same."""
        self._pass_or_429(read_contact(phone, kind="phone"))

    def send_account_already_exists_sms(self, phone: str) -> None:
        contact = read_contact(phone, kind="phone")
        self._pass_or_429(contact)
        self._queue("sms", contact, "account_exists", {})

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        template = TEMPLATES[template_prefix]
        contact = read_contact(email, kind="mail")
        if template.limited:
            self._pass_or_429(contact)
        self._queue("mail", contact, template.name, mail_context(template, context))

    @step()
    def _queue(self, kind: str, contact: Contact, template: str, context: dict[str, str]) -> None:
        now = clock.now()
        send_message(
            kind=kind,
            to=contact.value,
            template=template,
            context=context,
            language=language_now(),
            now=now,
            expires_at=now + CODE_LIVES if "code" in context else None,
        )


class MFAAdapter(DefaultMFAAdapter):
    """Seeds of second factors are sealed in a row of ours; allauth keeps only that row's id."""

    def encrypt(self, text: str) -> str:
        secret = SealedSecret(public_id=new_id("sct"))
        secret.sealed = seal(text, context=secret.context)
        secret.save(force_insert=True)
        return secret.public_id

    def decrypt(self, encrypted_text: str) -> str:
        secret = SealedSecret.objects.get(public_id=encrypted_text)
        return unseal(secret.sealed, context=secret.context).reveal()

    def get_totp_label(self, user: User) -> str:
        return user.email or user.display_name or user.public_id
