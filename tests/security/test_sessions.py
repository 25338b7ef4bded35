"""What a session holds is read by nobody else, and an ended one stays ended."""

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache, caches
from django.db import connection
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from config.cache import ForgivingRedisCache
from core.crypto import ensure_data_key
from core.sessions import SessionStore
from tests.accounts.conftest import TELEPHONE, Telephone, texted_code
from tests.factories.accounts import PASSWORD, make_user

pytestmark = pytest.mark.django_db
PHONE = "13800138000"


@pytest.fixture
def phone(settings: Any) -> Telephone:
    settings.SMS_SENDER = "telephone"
    TELEPHONE.texts, TELEPHONE.fail = [], None
    ensure_data_key()
    cache.clear()
    return TELEPHONE


def everything_in_valkey() -> bytes:
    store = caches["default"]
    assert isinstance(store, ForgivingRedisCache)
    server: Any = store._cache.get_client()
    return b"".join(key + (server.dump(key) or b"") for key in server.keys("*"))


def test_codes_and_phones_under_way_are_sealed(client: Client, phone: Telephone) -> None:
    make_user(phone=PHONE)
    client.post(reverse("account_request_login_code"), {"phone": PHONE})
    code = texted_code(phone)
    row = Session.objects.get()
    assert code in str(dict(client.session))
    with connection.cursor() as cursor:
        cursor.execute("select session_data from django_session")
        text = cursor.fetchone()[0]
    clear = str(SessionStore().decode(text)) + str(row.get_decoded()) + text
    for secret in (code, PHONE, PHONE[-8:]):
        assert secret not in clear
        assert secret.encode() not in everything_in_valkey()


def test_a_session_opens_under_its_own_key_only(client: Client) -> None:
    client.force_login(make_user(email="a@example.com"))
    other = Client()
    other.force_login(make_user(email="b@example.com"))
    theirs = Session.objects.get(pk=other.session.session_key).session_data
    Session.objects.filter(pk=client.session.session_key).update(session_data=theirs)
    cache.clear()
    assert client.get(reverse("accounts:profile")).status_code == 302


def test_an_ended_session_does_not_come_back_with_valkey(
    client: Client, settings: Settings
) -> None:
    make_user(email="a@example.com")
    cache.clear()
    client.post(reverse("account_login"), {"login": "a@example.com", "password": PASSWORD})
    assert client.get(reverse("accounts:profile")).status_code == 200
    copy = Client()
    copy.cookies["qy_session"] = client.cookies["qy_session"].value
    real = settings.CACHES
    settings.CACHES = {"default": {**real["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    client.post(reverse("account_logout"))
    settings.CACHES = real
    assert copy.get(reverse("accounts:profile")).status_code == 302


def test_a_new_secret_key_signs_nobody_out(client: Client, settings: Settings) -> None:
    client.force_login(make_user(email="a@example.com"))
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "n" * 60
    assert client.get(reverse("accounts:profile")).status_code == 200


@pytest.mark.parametrize("odd", ['"aaaaaaaa\\000"', "x" * 5000, "aaaaaaaa'--", "é" * 40])
def test_an_odd_session_cookie_is_nobody(odd: str) -> None:
    assert Client(HTTP_COOKIE=f"qy_session={odd}").get("/account/").status_code == 302
