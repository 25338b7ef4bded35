"""Staff sign in with a second factor: seeds are sealed, a code works once, guesses are counted."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import SealedSecret, User
from core.models import LimitCount
from tests.factories.accounts import PASSWORD, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> tuple[User, str]:
    user = make_staff("operator", second_factor=False, email="op@example.com")
    seed = generate_totp_secret()
    TOTP.activate(user, seed)
    cache.clear()
    return user, seed


def code_now(seed: str) -> str:
    left = 30 - time.time() % 30
    if left < 5:
        time.sleep(left + 0.2)
    return str(format_hotp_value(hotp_value(seed, int(time.time()) // 30)))


def with_password() -> Client:
    client = Client()
    client.post(reverse("account_login"), {"login": "op@example.com", "password": PASSWORD})
    return client


def test_the_seed_is_sealed(staff: tuple[User, str]) -> None:
    user, seed = staff
    row = Authenticator.objects.get(user=user)
    assert seed not in str(row.data)
    assert seed.encode() not in bytes(SealedSecret.objects.get().sealed)


def test_password_alone_is_not_enough_and_the_code_is(staff: tuple[User, str]) -> None:
    user, seed = staff
    client = with_password()
    assert "_auth_user_id" not in client.session
    assert client.get(reverse("admin:index")).status_code == 302
    client.post(reverse("mfa_authenticate"), {"code": code_now(seed)})
    assert client.session["_auth_user_id"] == str(user.pk)
    assert client.get(reverse("admin:index")).status_code == 200


def test_a_code_works_once_even_when_valkey_forgets(staff: tuple[User, str]) -> None:
    _user, seed = staff
    code = code_now(seed)
    with_password().post(reverse("mfa_authenticate"), {"code": code})
    cache.clear()
    second = with_password()
    second.post(reverse("mfa_authenticate"), {"code": code})
    assert "_auth_user_id" not in second.session


def test_five_wrong_codes_and_no_more(staff: tuple[User, str]) -> None:
    user, seed = staff
    client = with_password()
    for _ in range(5):
        cache.clear()
        client.post(reverse("mfa_authenticate"), {"code": "000000"})
    cache.clear()
    client.post(reverse("mfa_authenticate"), {"code": code_now(seed)})
    assert "_auth_user_id" not in client.session
    assert LimitCount.objects.get(key=f"mfa:{user.public_id}").used == 5
