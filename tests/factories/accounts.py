"""People for tests."""

import time
from functools import lru_cache
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.test import Client

from accounts.contacts import read_contact
from accounts.models import StaffRole, User
from accounts.services.save_phone import save_phone
from core import clock
from core.ids import new_id
from core.models import Approval

PASSWORD = "correct horse battery staple"


@lru_cache
def _hashed(password: str | None) -> str:
    """Hashing is slow on purpose; once for each password is enough here."""
    return make_password(password)


def make_user(
    *, email: str = "", phone: str = "", password: str | None = PASSWORD, **fields: Any
) -> User:
    """A person whose address and phone, if given, are verified."""
    user = User(email=email or None, password=_hashed(password), **fields)
    user.save()
    if email:
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    if phone:
        save_phone(user=user, phone=read_contact(phone), verified=True, now=clock.now())
    return user


def sign_in(client: Client, user: User, *, code_at: float | None = None) -> Client:
    """Signed in with a second factor, given at that moment (seconds since 1970; now unless told)."""
    client.force_login(user)
    session = client.session
    at = time.time() if code_at is None else code_at
    session["account_authentication_methods"] = [{"method": "mfa", "at": at}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client


def make_staff(*roles: str, second_factor: bool = True, **fields: Any) -> User:
    """Staff with these roles, each resting on an approval of two other persons."""
    fields.setdefault("email", f"{new_id('x').lower().replace('_', '')}@staff.example.com")
    user = make_user(is_staff=bool(roles), **fields)
    now = clock.now()
    for role in roles:
        approval = Approval.objects.create(
            action="accounts.grant_role",
            subject=f"{user.public_id}:{role}",
            payload={},
            payload_sha="",
            reason="test",
            state="executed",
            maker="usr_A",
            checker="usr_B",
            requested_at=now,
            expires_at=now,
        )
        StaffRole.objects.create(
            user=user,
            role=role,
            granted_by="user:usr_B",
            approval=approval.public_id,
            granted_at=now,
        )
    if roles and second_factor:
        Authenticator.objects.create(
            user=user, type=Authenticator.Type.TOTP, data={"secret": "unused"}
        )
    return User.objects.get(pk=user.pk)
