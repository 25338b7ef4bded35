"""Who agrees to an act for two persons shows the second factor, unless it was shown just now."""

import time

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.services.grant_role import ask_for_role
from core import clock
from core.models import Approval
from tests.factories.accounts import make_staff, make_user, sign_in

pytestmark = pytest.mark.django_db
LONG_AGO = 301.0


@pytest.fixture
def seed() -> str:
    cache.clear()
    return str(generate_totp_secret())


@pytest.fixture
def checker(seed: str) -> User:
    user = make_staff("owner", second_factor=False, email="checker@example.com")
    TOTP.activate(user, seed)
    return user


@pytest.fixture
def desk(checker: User) -> Client:
    """The checker's browser, left open since the code was given."""
    return sign_in(Client(), checker, code_at=time.time() - LONG_AGO)


def ask() -> Approval:
    maker, person = make_staff("owner"), make_user(email=f"p{time.time_ns()}@example.com")
    return ask_for_role(
        user=person.public_id, role="support", by=maker.public_id, reason="hired", now=clock.now()
    )


def decide(desk: Client, asked: Approval, answer: str = "agree", **form: str) -> int:
    url = reverse("admin:core_approval_decide", args=[asked.public_id, answer])
    status = desk.post(url, form).status_code
    asked.refresh_from_db()
    return status


def code_of(seed: str, step: int = 0) -> str:
    return str(format_hotp_value(hotp_value(seed, int(time.time()) // 30 + step)))


def test_without_a_code_nothing_is_agreed_to(desk: Client) -> None:
    asked = ask()
    page = desk.get(reverse("admin:core_approval_decide", args=[asked.public_id, "agree"]))
    assert 'name="code"' in page.content.decode()
    assert (decide(desk, asked), asked.state) == (200, "requested")
    assert (decide(desk, asked, code="000000"), asked.state) == (200, "requested")


def test_with_the_code_it_is_and_the_next_few_minutes_need_none(desk: Client, seed: str) -> None:
    first, second = ask(), ask()
    assert (decide(desk, first, code=code_of(seed)), first.state) == (302, "executed")
    assert (decide(desk, second), second.state) == (302, "executed")


def test_a_code_agrees_to_one_act_of_one_session(desk: Client, checker: User, seed: str) -> None:
    code, first, second = code_of(seed), ask(), ask()
    assert (decide(desk, first, code=code), first.state) == (302, "executed")
    stolen = sign_in(Client(), checker, code_at=time.time() - LONG_AGO)
    assert (decide(stolen, second, code=code), second.state) == (200, "requested")


def test_to_refuse_takes_no_code(desk: Client) -> None:
    asked = ask()
    assert (decide(desk, asked, "refuse"), asked.state) == (302, "rejected")
