"""A role takes two persons, leaves an audit trail, and ends when it is taken."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client

from accounts.models import StaffRole, User
from accounts.services.grant_role import ask_for_role
from accounts.services.lock_person import lock_person
from accounts.services.make_founder import EnoughFounders, make_founder
from accounts.services.reset_second_factor import reset_second_factor
from accounts.services.revoke_role import revoke_role
from core import approvals, clock, invariants
from core.models import Approval, AuditEntry
from tests.factories.accounts import PASSWORD, make_staff, make_user, sign_in

pytestmark = pytest.mark.django_db


def again(user: User) -> User:
    return User.objects.get(pk=user.pk)


def ask(user: User, role: str, by: User) -> Approval:
    return ask_for_role(
        user=user.public_id, role=role, by=by.public_id, reason="hired", now=clock.now()
    )


def decide(approval: Approval, by: User) -> Approval:
    return approvals.decide(
        approval_id=approval.public_id, by=by.public_id, agree=True, now=clock.now()
    )


def test_two_owners_give_a_role_to_a_third() -> None:
    one, two, new = make_staff("owner"), make_staff("owner"), make_user(email="new@example.com")
    decide(ask(new, "support", one), two)
    assert again(new).has_perm("orders.view_order")
    assert again(new).is_staff
    assert AuditEntry.objects.filter(tag="staff:role_granted", subject=new.public_id).count() == 1
    assert not invariants.check_all(now=clock.now(), only="INV-U")


def test_nobody_alone_and_nobody_for_themselves() -> None:
    one, two, new = make_staff("owner"), make_staff("owner"), make_user(email="new@example.com")
    with pytest.raises(approvals.SelfApproval):
        decide(ask(new, "support", one), one)
    with pytest.raises(approvals.SelfApproval):
        decide(ask(two, "finance", one), two)
    assert not again(two).has_perm("accounts.change_staffrole") or again(two).role_names == {
        "owner"
    }
    with pytest.raises(approvals.NotAllowed):
        ask(new, "owner", make_staff("operator"))
    assert not again(new).is_staff


def test_who_lost_the_role_has_asked_for_nothing() -> None:
    one, two, new = make_staff("owner"), make_staff("owner"), make_user(email="new@example.com")
    asked = ask(new, "owner", one)
    assert revoke_role(user=one.public_id, role="owner", by=two.public_id, now=clock.now())
    browser = sign_in(Client(), two)
    url = f"/admin/core/approval/decide/{asked.public_id}/agree/"
    answer = browser.post(url, {"note": "yes"}, follow=True)
    assert "提出申请的人已无此权限" in answer.content.decode()
    asked.refresh_from_db()
    assert (asked.state, again(new).role_names) == ("requested", frozenset())
    browser.post(url.replace("agree", "refuse"), {"note": "no"})
    asked.refresh_from_db()
    assert asked.state == "rejected"


def test_taking_the_last_role_ends_staff_and_the_last_owner_stays() -> None:
    one, two = make_staff("owner"), make_staff("owner")
    other = make_staff("support")
    assert revoke_role(user=other.public_id, role="support", by=one.public_id, now=clock.now())
    assert not again(other).is_staff
    assert not revoke_role(user=other.public_id, role="support", by=one.public_id, now=clock.now())
    assert revoke_role(user=two.public_id, role="owner", by=one.public_id, now=clock.now())
    with pytest.raises(ValidationError):
        revoke_role(user=one.public_id, role="owner", by=one.public_id, now=clock.now())
    with pytest.raises(PermissionDenied):
        revoke_role(user=one.public_id, role="owner", by=other.public_id, now=clock.now())


def test_founders_are_two() -> None:
    first = make_founder(email="A@Example.com", password=PASSWORD, now=clock.now())
    make_founder(email="b@example.com", password=PASSWORD, now=clock.now())
    with pytest.raises(EnoughFounders):
        make_founder(email="c@example.com", password=PASSWORD, now=clock.now())
    assert first.is_superuser
    assert first.check_password(PASSWORD)
    assert StaffRole.objects.count() == 2
    assert not invariants.check_all(now=clock.now(), only="INV-U")


def test_locking_is_audited_and_staff_are_not_locked() -> None:
    support, person = make_staff("support"), make_user(email="p@example.com")
    assert lock_person(
        user=person.public_id, lock=True, by=support.public_id, reason="theft", now=clock.now()
    )
    assert not again(person).is_active
    assert AuditEntry.objects.filter(tag="person:locked", subject=person.public_id).exists()
    with pytest.raises(PermissionDenied):
        lock_person(
            user=make_staff("owner").public_id,
            lock=True,
            by=support.public_id,
            reason="x",
            now=clock.now(),
        )
    with pytest.raises(PermissionDenied):
        lock_person(
            user=person.public_id, lock=False, by=person.public_id, reason="x", now=clock.now()
        )


def test_second_factor_is_reset_by_somebody_else() -> None:
    owner, other = make_staff("owner"), make_staff("support")
    with pytest.raises(PermissionDenied):
        reset_second_factor(user=owner.public_id, by=owner.public_id, now=clock.now())
    assert reset_second_factor(user=other.public_id, by=owner.public_id, now=clock.now()) == 1
