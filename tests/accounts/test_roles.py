"""The role table is an allow-list: who is not named may not, on page and on act."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.acts import ACTS
from accounts.roles import HIDDEN, ROLES, may, person_may
from core import clock
from tests.factories.accounts import make_staff, make_user

pytestmark = pytest.mark.django_db

PERMS = [
    # permission, roles that have it
    ("catalog.change_product", {"owner", "operator"}),
    ("catalog.view_product", {"owner", "operator", "support", "finance", "auditor"}),
    ("orders.view_order", {"owner", "operator", "support", "finance", "auditor"}),
    ("orders.change_order", {"owner", "operator"}),
    ("core.view_posting", {"owner", "finance", "auditor"}),
    ("core.view_auditentry", {"owner", "auditor"}),
    ("risk.add_listentry", {"owner", "operator"}),
    ("accounts.change_user", {"owner"}),
    ("accounts.view_staffrole", {"owner", "auditor"}),
    ("core.delete_posting", {"owner"}),
    ("mfa.view_authenticator", set()),
    ("core.view_datakey", set()),
]


@pytest.mark.parametrize(("perm", "roles"), PERMS)
def test_matrix(perm: str, roles: set[str]) -> None:
    assert {role for role in ROLES if make_staff(role).has_perm(perm)} == roles


def test_staff_without_a_role_see_nothing() -> None:
    nobody = make_user(email="n@example.com", is_staff=True)
    assert not any(nobody.has_perm(perm) for perm, _ in PERMS)
    assert not any(nobody.has_module_perms(app) for app in ("core", "orders", "accounts"))


def test_a_customer_with_a_role_row_but_not_staff_may_nothing() -> None:
    user = make_staff("owner")
    user.is_staff = False
    user.save()
    assert not type(user).objects.get(pk=user.pk).has_perm("orders.view_order")


@pytest.mark.parametrize("act", ["accounts.grant_role", "accounts.lock_person", "risk.edit_rules"])
def test_acts(act: str) -> None:
    allowed = ACTS.get(act).roles
    assert {role for role in ROLES if may(make_staff(role), act)} == allowed
    assert not person_may("usr_0000000000000000", act)
    assert not may(make_user(email="c@example.com"), act)


def test_an_act_nobody_registered_is_an_error() -> None:
    with pytest.raises(KeyError):
        may(make_staff("owner"), "shop.burn_down")


def test_two_roles_add_up() -> None:
    both = make_staff("support", "finance")
    assert both.has_perm("core.view_posting")
    assert both.has_perm("accounts.view_user")
    assert not both.has_perm("catalog.change_product")


def ours() -> list[str]:
    return [
        f"{model._meta.app_label}_{model._meta.model_name}"
        for model in admin.site._registry
        if model._meta.app_label in {"accounts", "risk"}
    ]


@pytest.mark.parametrize("listing", ours())
def test_pages_follow_the_table(listing: str) -> None:
    app, model = listing.split("_")
    for role in (*ROLES, None):
        client = Client()
        person = make_staff(*([role] if role else ["support"]))
        if role is None:
            person.staff_roles.update(revoked_at=clock.now())
        client.force_login(person)
        answer = client.get(reverse(f"admin:{listing}_changelist"))
        may_view = role is not None and make_staff(role).has_perm(f"{app}.view_{model}")
        assert answer.status_code == (200 if may_view else 403), role


def test_no_page_shows_what_is_hidden() -> None:
    registered = {m._meta.label_lower for m in admin.site._registry}
    assert not registered & HIDDEN
    assert "account.emailaddress" not in registered
    assert "auth.group" not in registered
