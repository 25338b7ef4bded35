"""Staff: no way around the second factor, and who may only look changes nothing."""

import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.services.grant_role import ask_for_role
from catalog import snapshot
from catalog.models import Channel, PriceList
from core import approvals, clock
from core.models import Approval, OutboxEvent
from tests.factories.accounts import PASSWORD, make_staff, make_user

pytestmark = pytest.mark.django_db


def signed_in(*roles: str, second_factor: bool = True) -> Client:
    client = Client()
    client.force_login(make_staff(*roles, second_factor=second_factor))
    return client


def with_password(email: str) -> Client:
    client = Client()
    cache.clear()
    client.post(reverse("account_login"), {"login": email, "password": PASSWORD})
    return client


def test_a_channels_prefix_is_no_way_around_the_second_factor() -> None:
    Channel.objects.create(
        code="side", name="Side", name_en="Side", path_prefix="side",
        price_list=PriceList.objects.get(),
    )  # fmt: skip
    snapshot.forget()
    client = signed_in("owner", second_factor=False)
    assert client.get("/side/").status_code == 200
    answer = client.get("/side/admin/")
    assert answer.status_code in (302, 404)
    assert "2fa" in answer.get("Location", "2fa")


def test_a_preview_is_for_staff_with_their_second_factor() -> None:
    answer = signed_in("owner", second_factor=False).get("/page/home/preview/")
    assert answer.status_code == 302
    assert answer["Location"] == reverse("mfa_activate_totp")


def test_sessions_from_before_the_second_factor_end_with_its_first_day(
    django_capture_on_commit_callbacks: object,
) -> None:
    """Who had the password before must not come in on the authenticator that the owner sets up."""
    make_staff("operator", second_factor=False, email="op@example.com")
    stolen, own = with_password("op@example.com"), with_password("op@example.com")
    assert "_auth_user_id" in stolen.session
    own.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = own.get(reverse("mfa_activate_totp"))
    seed = page.context["form"].secret
    left = 30 - time.time() % 30
    if left < 4:
        time.sleep(left + 0.2)
    code = format_hotp_value(hotp_value(seed, int(time.time()) // 30))
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        own.post(reverse("mfa_activate_totp"), {"code": code})
    assert own.get(reverse("admin:index")).status_code == 200
    assert stolen.get(reverse("admin:index")).status_code == 302


def test_who_may_only_look_does_not_tell_facts_again() -> None:
    dead = OutboxEvent.objects.create(
        topic="x",
        payload={},
        created_at=clock.now(),
        not_before=clock.now(),
        dead_at=clock.now(),
    )
    url = reverse("admin:core_outboxevent_changelist")
    data = {"action": "revive", "_selected_action": [dead.pk]}
    signed_in("auditor").post(url, data)
    dead.refresh_from_db()
    assert dead.dead_at is not None
    signed_in("owner").post(url, data)
    dead.refresh_from_db()
    assert dead.dead_at is None


def test_maker_checker_and_the_one_who_gains_are_three_persons() -> None:
    maker = make_staff("owner")
    with pytest.raises(approvals.NotAllowed):
        ask_for_role(
            user=maker.public_id, role="finance", by=maker.public_id, reason="me", now=clock.now()
        )
    assert not Approval.objects.filter(state="requested").exists()
    asked = ask_for_role(
        user=make_user(email="new@example.com").public_id, role="finance", by=maker.public_id,
        reason="new", now=clock.now(),
    )  # fmt: skip
    assert asked.state == "requested"
