"""Signing up and in over HTTP, by phone and by mail, with code and with password; and who is kept out."""

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.urls import reverse

from accounts.contacts import read_contact
from accounts.models import ContactPoint, Message, User
from accounts.queries import holds_contact, verified_contacts
from core.models import LimitCount
from risk.models import Assessment
from tests.accounts.conftest import Telephone, deliver, mailed_code, texted_code
from tests.factories.accounts import PASSWORD, make_staff, make_user
from tests.factories.risk import make_entry

pytestmark = pytest.mark.django_db

PHONE = "138 0013 8000"


@pytest.fixture(autouse=True)
def _no_memory_of_limits() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def who(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


def test_sign_up_by_phone_and_come_back_by_code(client: Client, telephone: Telephone) -> None:
    answer = client.post(reverse("account_signup"), {"phone": PHONE})
    assert answer["Location"] == reverse("account_verify_phone")
    assert who(client) is None, "an unproved phone opens nothing"
    answer = client.post(answer["Location"], {"code": texted_code(telephone)})
    assert answer.status_code == 302
    user = User.objects.get(pk=client.session["_auth_user_id"])
    point = ContactPoint.objects.get(user=user)
    assert point.verified_at is not None
    assert telephone.texts[-1][0] == "+8613800138000"
    assert holds_contact(user, read_contact(PHONE).index)
    assert not user.has_usable_password()

    back = Client()
    # A minute has to pass before the next code to one number.
    LimitCount.objects.filter(key__startswith="code:").delete()
    cache.clear()
    answer = back.post(reverse("account_request_login_code"), {"phone": PHONE})
    assert answer["Location"] == reverse("account_confirm_login_code")
    wrong = back.post(answer["Location"], {"code": "000000"})
    assert wrong.status_code == 200
    assert who(back) is None
    back.post(answer["Location"], {"code": texted_code(telephone)})
    assert who(back) == str(user.pk)


def test_sign_up_by_mail_with_password(client: Client) -> None:
    answer = client.post(
        reverse("account_signup"), {"email": "Ada@Example.com", "password1": PASSWORD}
    )
    assert answer.status_code == 302
    assert who(client) is None, "an unproved address opens nothing"
    client.post(answer["Location"], {"code": mailed_code()})
    user = User.objects.get(pk=client.session["_auth_user_id"])
    assert EmailAddress.objects.get(user=user).verified
    assert [contact.value for contact in verified_contacts(user)] == ["ada@example.com"]
    again = Client()
    again.post(reverse("account_login"), {"login": "ada@example.com", "password": PASSWORD})
    assert who(again) == str(user.pk)


def test_password_sign_in_by_phone(client: Client) -> None:
    user = make_user(phone=PHONE)
    client.post(reverse("account_login"), {"login": "+8613800138000", "password": PASSWORD})
    assert who(client) == str(user.pk)
    other = Client()
    other.post(reverse("account_login"), {"login": "13800138000", "password": PASSWORD})
    assert who(other) == str(user.pk)


@pytest.mark.parametrize(
    "fields", [{}, {"phone": "123"}, {"email": "nope"}, {"phone": PHONE, "password1": "123"}]
)
def test_bad_input_gets_a_message_and_changes_nothing(
    client: Client, fields: dict[str, str]
) -> None:
    answer = client.post(reverse("account_signup"), fields)
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert not User.objects.exists()
    assert not Message.objects.exists()


def test_a_typed_in_number_is_nobodys(client: Client, telephone: Telephone) -> None:
    """Somebody who only typed a number cannot keep its holder from using it, nor sign in with it."""
    client.post(reverse("account_signup"), {"phone": PHONE, "password1": PASSWORD})
    squatter = User.objects.get()
    thief = Client()
    thief.post(reverse("account_login"), {"login": PHONE, "password": PASSWORD})
    assert who(thief) is None
    LimitCount.objects.filter(key__startswith="code:").delete()
    cache.clear()
    holder = Client()
    answer = holder.post(reverse("account_signup"), {"phone": PHONE})
    holder.post(answer["Location"], {"code": texted_code(telephone)})
    assert who(holder) not in {None, str(squatter.pk)}


def test_the_same_answer_for_strangers_and_members(client: Client, telephone: Telephone) -> None:
    make_user(phone=PHONE)
    known = client.post(reverse("account_request_login_code"), {"phone": PHONE})
    unknown = Client().post(reverse("account_request_login_code"), {"phone": "13900139000"})
    assert (known.status_code, known["Location"]) == (
        unknown.status_code,
        unknown["Location"],
    )
    deliver()
    assert len(telephone.texts) == 1, "no text is paid for a stranger"


def test_sign_up_with_a_taken_phone_looks_the_same_and_tells_the_holder(
    client: Client, telephone: Telephone
) -> None:
    make_user(phone=PHONE)
    answer = client.post(reverse("account_signup"), {"phone": PHONE})
    assert answer["Location"] == reverse("account_verify_phone")
    deliver()
    assert "\u767b\u5f55" in telephone.texts[-1][1] or "sign in" in telephone.texts[-1][1]
    assert User.objects.count() == 1


def test_codes_are_one_a_minute_and_five_an_hour_without_valkey(
    client: Client, telephone: Telephone
) -> None:
    make_user(phone=PHONE)
    statuses = []
    for _ in range(3):
        cache.clear()  # as if Valkey had lost everything
        statuses.append(
            Client().post(reverse("account_request_login_code"), {"phone": PHONE}).status_code
        )
    assert statuses == [302, 429, 429]
    deliver()
    assert len(telephone.texts) == 1


def test_a_code_dies_after_three_wrong_tries(client: Client, telephone: Telephone) -> None:
    make_user(phone=PHONE)
    answer = client.post(reverse("account_request_login_code"), {"phone": PHONE})
    right = texted_code(telephone)
    wrong = "111111" if right != "111111" else "222222"
    for _ in range(3):
        client.post(answer["Location"], {"code": wrong})
    client.post(answer["Location"], {"code": right})
    assert who(client) is None


def test_passwords_are_guessed_five_times_at_most(client: Client) -> None:
    user = make_user(email="ada@example.com")
    for _ in range(5):
        cache.clear()
        client.post(reverse("account_login"), {"login": "ada@example.com", "password": "wrong"})
    cache.clear()
    client.post(reverse("account_login"), {"login": "ada@example.com", "password": PASSWORD})
    assert who(client) is None
    assert Assessment.objects.filter(point="login", verdict="limit").exists()
    assert User.objects.get(pk=user.pk).is_active


def test_the_right_password_is_not_counted(client: Client) -> None:
    user = make_user(email="ada@example.com")
    for _ in range(8):
        cache.clear()
        visitor = Client()
        visitor.post(reverse("account_login"), {"login": "ada@example.com", "password": PASSWORD})
        assert who(visitor) == str(user.pk)


def test_a_blocked_address_neither_signs_up_nor_in(client: Client) -> None:
    make_user(email="ada@example.com")
    make_entry("127.0.0.1")
    client.post(reverse("account_login"), {"login": "ada@example.com", "password": PASSWORD})
    assert who(client) is None
    answer = client.post(reverse("account_signup"), {"phone": PHONE})
    assert answer.context["form"].non_field_errors()
    assert User.objects.count() == 1
    assert set(Assessment.objects.values_list("point", "verdict")) == {
        ("login", "refuse"),
        ("register", "refuse"),
    }


def test_a_locked_account_is_out_at_once(client: Client) -> None:
    user = make_user(email="ada@example.com")
    client.force_login(user)
    assert client.get(reverse("accounts:profile")).status_code == 200
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert client.get(reverse("accounts:profile")).status_code == 302


def test_the_session_key_changes_at_sign_in_and_other_devices_can_be_signed_out(
    client: Client,
) -> None:
    user = make_user(email="ada@example.com")
    client.get(reverse("account_login"))
    before = client.session.session_key
    client.post(reverse("account_login"), {"login": "ada@example.com", "password": PASSWORD})
    assert client.session.session_key != before
    other = Client()
    other.post(reverse("account_login"), {"login": "ada@example.com", "password": PASSWORD})
    assert who(other) == str(user.pk)
    client.post(reverse("accounts:sign_out_elsewhere"))
    assert other.get(reverse("accounts:profile")).status_code == 302
    assert client.get(reverse("accounts:profile")).status_code == 200


def test_staff_without_a_second_factor_are_sent_to_make_one(client: Client, settings: Any) -> None:
    staff = make_staff("owner", second_factor=False)
    client.force_login(staff)
    answer = client.get(reverse("admin:index"))
    assert answer["Location"] == reverse("mfa_activate_totp")
    settings.STAFF_MFA_REQUIRED = False
    assert client.get(reverse("admin:index")).status_code == 200


def test_the_back_office_has_no_way_in_of_its_own(client: Client) -> None:
    answer = client.get(reverse("admin:login"))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))
    client.force_login(make_user(email="c@example.com"))
    assert client.get(reverse("admin:login")).status_code == 403
    assert client.get(reverse("admin:index")).status_code in {302, 403}


def test_profile_saves_name_and_language(client: Client) -> None:
    user = make_user(email="ada@example.com")
    client.force_login(user)
    answer = client.post(reverse("accounts:profile"), {"display_name": " Ada ", "language": "en"})
    assert answer.cookies["qy_language"].value == "en"
    user.refresh_from_db()
    assert (user.display_name, user.language) == ("Ada", "en")
    bad = client.post(reverse("accounts:profile"), {"display_name": "x" * 61, "language": "tlh"})
    assert set(bad.context["form"].errors) == {"display_name", "language"}


def test_a_phone_is_changed_by_code_and_the_old_one_let_go(
    client: Client, telephone: Telephone
) -> None:
    user = make_user(email="ada@example.com", phone="13900139000")
    client.post(reverse("account_login"), {"login": "ada@example.com", "password": PASSWORD})
    answer = client.post(reverse("account_change_phone"), {"phone": PHONE})
    assert answer["Location"] == reverse("account_verify_phone")
    client.post(answer["Location"], {"code": texted_code(telephone)})
    assert [point.masked for point in ContactPoint.objects.filter(user=user)] == ["138****8000"]


def test_mails_name_no_password_and_carry_both_languages(client: Client) -> None:
    make_user(email="ada@example.com")
    client.post(
        reverse("account_request_login_code"),
        {"email": "ada@example.com"},
        headers={"accept-language": "en"},
    )
    deliver()
    letter = mail.outbox[-1]
    assert letter.subject == "Your sign-in code"
    assert letter.to == ["ada@example.com"]
    assert isinstance(letter, EmailMultiAlternatives)
    assert letter.alternatives
