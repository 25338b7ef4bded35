"""People and messages in the back office: pages ask first, services decide, secrets stay away."""

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Message, User
from accounts.services.send_message import send_message
from core import clock
from core.models import Approval
from tests.factories.accounts import make_staff, make_user, sign_in

pytestmark = pytest.mark.django_db


def as_(user: User) -> Client:
    return sign_in(Client(), user)


def act(user: User, person: User, name: str, **form: str) -> int:
    url = reverse(f"admin:accounts_user_{name}", args=[person.pk])
    return as_(user).post(url, form).status_code


def test_a_person_is_found_by_whole_phone_or_mail_and_shown_masked() -> None:
    person = make_user(email="ada@example.com", phone="13800138000")
    client = as_(make_staff("support"))
    listing = reverse("admin:accounts_user_changelist")
    for asked in ("13800138000", "ADA@example.com", person.public_id):
        found = client.get(listing, {"q": asked})
        assert list(found.context["cl"].queryset) == [person], asked
    assert not client.get(listing, {"q": "138"}).context["cl"].queryset
    page = client.get(reverse("admin:accounts_user_change", args=[person.pk])).content.decode()
    assert "138****8000" in page
    assert "13800138000" not in page
    assert "ada@example.com" not in page


def test_a_role_is_asked_for_on_the_page_and_given_by_somebody_else() -> None:
    one, two, person = make_staff("owner"), make_staff("owner"), make_user(email="p@example.com")
    assert act(one, person, "give_role", role="support", reason="hired") == 302
    approval = Approval.objects.get(state="requested")
    decide = reverse("admin:core_approval_decide", args=[approval.public_id, "agree"])
    as_(one).post(decide, {"note": ""})
    assert not User.objects.get(pk=person.pk).is_staff
    as_(two).post(decide, {"note": "yes"})
    assert User.objects.get(pk=person.pk).role_names == {"support"}
    assert act(one, person, "take_role", role="support") == 302
    assert not User.objects.get(pk=person.pk).is_staff


@pytest.mark.parametrize(
    ("name", "form", "roles"),
    [
        ("give_role", {"role": "owner", "reason": "me"}, {"owner"}),
        ("take_role", {"role": "support"}, {"owner"}),
        ("lock", {"reason": "theft"}, {"owner", "operator", "support"}),
        ("reset_factor", {}, {"owner"}),
    ],
)
def test_acts_on_people_follow_the_table(name: str, form: dict[str, str], roles: set[str]) -> None:
    for role in ("owner", "operator", "support", "finance", "auditor"):
        person = make_user(email=f"{role}@example.com")
        expected = 302 if role in roles else 403
        assert act(make_staff(role), person, name, **form) == expected, role


def test_a_failed_message_is_sent_again_and_its_secret_is_not_shown() -> None:
    with transaction.atomic():
        message = send_message(
            kind="mail",
            to="ada@example.com",
            template="sign_in_code",
            language="en",
            context={"code": "424242"},
            now=clock.now(),
        )
    client = as_(make_staff("support"))
    page = client.get(reverse("admin:accounts_message_change", args=[message.pk])).content
    assert b"424242" not in page
    assert b"ada@" not in page
    Message.objects.filter(pk=message.pk).update(state="failed")
    url = reverse("admin:accounts_message_resend", args=[message.pk])
    assert client.post(url).status_code == 302
    assert Message.objects.get(pk=message.pk).state == "queued"
    assert as_(make_staff("finance")).post(url).status_code == 403
