"""Valkey is a hint: people sign in, and guesses are still counted, while it is gone."""

from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.accounts.conftest import Telephone, texted_code
from tests.factories.accounts import PASSWORD, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_valkey(settings: Any) -> Any:
    gone = {**settings.CACHES["default"], "LOCATION": "unix:///nonexistent/valkey.sock?db=1"}
    settings.CACHES = {**settings.CACHES, "default": gone}
    yield
    caches.close_all()


def test_sign_up_by_phone_and_in_by_password(telephone: Telephone) -> None:
    client = Client()
    answer = client.post(reverse("account_signup"), {"phone": "13800138000", "password1": PASSWORD})
    client.post(answer["Location"], {"code": texted_code(telephone)})
    assert client.session["_auth_user_id"] == str(User.objects.get().pk)
    other = Client()
    other.post(reverse("account_login"), {"login": "13800138000", "password": PASSWORD})
    assert "_auth_user_id" in other.session


def test_guesses_are_counted() -> None:
    make_user(email="ada@example.com")
    for _ in range(5):
        Client().post(reverse("account_login"), {"login": "ada@example.com", "password": "wrong"})
    late = Client()
    late.post(reverse("account_login"), {"login": "ada@example.com", "password": PASSWORD})
    assert "_auth_user_id" not in late.session
