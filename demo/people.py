"""The demo's people: staff of every role, and two shoppers.

Nothing secret is written here. Passwords and the seed of the second factor follow from the shop's own
SECRET_KEY, so they differ from installation to installation and can be shown again at any time.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.conf import settings

from accounts.contacts import read_contact
from accounts.models import StaffRole, User
from accounts.services.grant_role import ask_for_role
from accounts.services.make_founder import EnoughFounders, make_founder
from accounts.services.save_phone import save_phone
from core import approvals
from core.tx import step

TOTP_PERIOD = 30


@dataclass(frozen=True, slots=True)
class Person:
    """Who they are and what for; the sign-in name is the mail address, or the phone without one."""

    name: str
    what: str
    email: str = ""
    phone: str = ""
    role: str = ""

    @property
    def sign_in(self) -> str:
        return self.email or self.phone


# Two owners and two of finance, so that every act of two persons can be tried.
STAFF = (
    Person("沈知白", "owner", "owner@demo.example.com", role="owner"),
    Person("顾南星", "second owner", "owner2@demo.example.com", role="owner"),
    Person("陆一鸣", "operator", "operator@demo.example.com", role="operator"),
    Person("苏小满", "support", "support@demo.example.com", role="support"),
    Person("程砚秋", "finance", "finance@demo.example.com", role="finance"),
    Person("何清如", "second in finance", "finance2@demo.example.com", role="finance"),
    Person("宋临川", "auditor", "auditor@demo.example.com", role="auditor"),
)
SHOPPERS = (
    Person("林晚", "shopper, by mail", "lin@demo.example.com"),
    Person("周予安", "shopper, by phone", phone="13800138000"),
)

# They scan vouchers at the stores of demo/tills.py; the lead works at more than one, the last owns them.
CLERKS = (
    Person("白露", "clerk at a till", "clerk@demo.example.com"),
    Person("方远", "lead of two stores", "lead@demo.example.com"),
    Person("许鸣鹤", "the merchant: stores and money", "merchant@demo.example.com"),
)


def _derived(purpose: str) -> bytes:
    return hmac.new(
        settings.SECRET_KEY.encode(), f"demo:{purpose}".encode(), hashlib.sha256
    ).digest()


def password(kind: str) -> str:
    """The password of all demo people of a kind (`staff`, `shopper`) in this installation."""
    letters = base64.b32encode(_derived(f"password:{kind}")).decode().lower()[:12]
    return "-".join(letters[at : at + 4] for at in (0, 4, 8))


def totp_secret() -> str:
    """The seed of the second factor, one for all demo staff, as an authenticator app takes it."""
    return base64.b32encode(_derived("totp")[:20]).decode()


def totp_code() -> str:
    """Six digits that are good now."""
    return totp_code_of(totp_secret())


def totp_code_of(secret: str) -> str:
    """Six digits that are good now, of any seed."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // TOTP_PERIOD)))


def invite(*, now: datetime) -> int:
    """Make everybody who is missing; returns how many were. Roles go through two owners."""
    missing = [person for person in (*STAFF, *SHOPPERS, *CLERKS) if find(person) is None]
    for person in missing:
        if person.role == "owner":
            _found(person, now)
        else:
            _welcome(person, "staff" if person.role else "shopper", now)
    _give_roles(STAFF, now)
    for person in STAFF:
        _second_factor(person)
    return len(missing)


def find(person: Person) -> User | None:
    """The account of one of the demo's people, if it was made."""
    if person.email:
        address = EmailAddress.objects.select_related("user").filter(email=person.email).first()
        return address.user if address else None
    points = User.objects.filter(contact_points__value_index=read_contact(person.phone).index)
    return points.first()


def _found(person: Person, now: datetime) -> None:
    try:
        make_founder(email=person.email, password=password("staff"), name=person.name, now=now)
    except EnoughFounders:
        # This shop has owners of its own; the demo's are then people without a role.
        _welcome(person, "staff", now)


@step()
def _make(person: Person, kind: str, now: datetime) -> User:
    user = User.objects.create_user(
        email=person.email or None, password=password(kind), display_name=person.name, joined_at=now
    )
    if person.email:
        EmailAddress.objects.create(user=user, email=person.email, verified=True, primary=True)
    return user


def _welcome(person: Person, kind: str, now: datetime) -> None:
    user = _make(person, kind, now)
    if person.phone:
        save_phone(user=user, phone=read_contact(person.phone), verified=True, now=now)


def _give_roles(people: Iterable[Person], now: datetime) -> None:
    owners = [user for user in map(find, STAFF[:2]) if user and user.role_names == {"owner"}]
    for person in people:
        user = find(person)
        if user is None or person.role == "owner" or len(owners) < len(STAFF[:2]):
            continue
        if StaffRole.objects.filter(user=user, role=person.role).exists():
            continue
        maker, checker = owners
        asked = ask_for_role(
            user=user.public_id, role=person.role, by=maker.public_id,
            reason=f"demo {person.what}", now=now,
        )  # fmt: skip
        approvals.decide(approval_id=asked.public_id, by=checker.public_id, agree=True, now=now)


@step()
def _second_factor(person: Person) -> None:
    user = find(person)
    if user is None or Authenticator.objects.filter(user=user).exists():
        return
    TOTP.activate(user, totp_secret())
