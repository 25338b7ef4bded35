"""allauth's mails, by our templates: which one stands for which, and what of its context goes in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse


@dataclass(frozen=True, slots=True)
class MailTemplate:
    """`limited`: anybody can cause it by typing an address, so it counts against the limits."""

    name: str
    event: str = ""
    limited: bool = False


TEMPLATES: dict[str, MailTemplate] = {
    "account/email/login_code": MailTemplate("sign_in_code", limited=True),
    "account/email/email_confirmation": MailTemplate("confirm_mail", limited=True),
    "account/email/email_confirmation_signup": MailTemplate("confirm_mail", limited=True),
    "account/email/password_reset_code": MailTemplate("reset_code", limited=True),
    "account/email/unknown_account": MailTemplate("unknown_account", limited=True),
    "account/email/account_already_exists": MailTemplate("account_exists", limited=True),
    "account/email/password_changed": MailTemplate("security_notice", "password_changed"),
    "account/email/password_set": MailTemplate("security_notice", "password_changed"),
    "account/email/password_reset": MailTemplate("security_notice", "password_changed"),
    "account/email/email_changed": MailTemplate("security_notice", "mail_changed"),
    "account/email/email_confirm": MailTemplate("security_notice", "mail_changed"),
    "account/email/email_deleted": MailTemplate("security_notice", "mail_removed"),
    "mfa/email/totp_activated": MailTemplate("security_notice", "factor_added"),
    "mfa/email/totp_deactivated": MailTemplate("security_notice", "factor_removed"),
    "mfa/email/recovery_codes_generated": MailTemplate("security_notice", "recovery_codes"),
}


def mail_context(template: MailTemplate, context: Mapping[str, Any]) -> dict[str, str]:
    """Primitives only; requests and users stay out of the queue."""
    found = {"event": template.event} if template.event else {}
    if "code" in context:
        found["code"] = str(context["code"])
    if "ip" in context:
        found["ip"] = str(context["ip"])
    if template.name in {"unknown_account", "account_exists"}:
        page = "account_signup" if template.name == "unknown_account" else "account_login"
        found["url"] = settings.SITE_URL + reverse(page)
    return found
