"""Lists and rules in the back office: what a page asks, who may, and that two persons are two."""

import pytest
from django.test import Client
from django.urls import reverse

from core import approvals, clock
from core.models import Approval, AuditEntry
from risk.models import Assessment, ListEntry, RuleSetting
from risk.rulebook import rulebook
from risk.services.assess import assess
from tests.factories.accounts import make_staff
from tests.factories.risk import make_entry, make_facts, new_order

pytestmark = pytest.mark.django_db


def as_(role: str) -> Client:
    client = Client()
    client.force_login(make_staff(role))
    return client


def test_an_operator_adds_finds_and_removes_an_entry() -> None:
    operator = as_("operator")
    page = reverse("admin:risk_listentry_changelist")
    add = reverse("admin:risk_listentry_add_entry")
    form = {
        "list_name": "block",
        "kind": "phone",
        "value": "138 0013 8000",
        "days": "7",
        "reason": "fraud",
    }
    assert operator.get(add).status_code == 200
    assert operator.post(add, form).status_code == 302
    entry = ListEntry.objects.get()
    assert (entry.masked, entry.reason) == ("138****8000", "fraud")
    assert assess(point="order", subject=new_order(), facts=make_facts(), now=clock.now()).stops
    found = operator.get(page, {"q": "13800138000"})
    assert list(found.context["cl"].queryset) == [entry]
    again = operator.post(add, form)
    assert again.status_code == 200, "twice is a message, not a second row"
    assert b"13800138000" not in operator.get(page).content
    operator.post(reverse("admin:risk_listentry_take_out", args=[entry.pk]))
    entry.refresh_from_db()
    assert entry.removed_at is not None
    assert AuditEntry.objects.filter(tag__startswith="risk:list_").count() == 2


@pytest.mark.parametrize(
    "bad", [{"value": "nonsense"}, {"reason": ""}, {"kind": "soul"}, {"days": "9"}]
)
def test_bad_input_changes_nothing(bad: dict[str, str]) -> None:
    form = {
        "list_name": "block",
        "kind": "ip",
        "value": "203.0.113.9",
        "days": "7",
        "reason": "x",
        **bad,
    }
    answer = as_("operator").post(reverse("admin:risk_listentry_add_entry"), form)
    assert answer.status_code == 200
    assert not ListEntry.objects.exists()


@pytest.mark.parametrize("role", ["support", "finance", "auditor"])
def test_others_may_not(role: str) -> None:
    client = as_(role)
    form = {
        "list_name": "allow",
        "kind": "ip",
        "value": "203.0.113.9",
        "days": "",
        "reason": "mine",
    }
    assert client.post(reverse("admin:risk_listentry_add_entry"), form).status_code == 403
    assert client.post(reverse("admin:risk_rule_ask", args=["order.ip"]), {}).status_code == 403
    assert not ListEntry.objects.exists()


def test_an_assessment_explains_itself_and_its_address_can_be_blocked() -> None:
    make_entry("13800138000", kind="phone")
    found = assess(point="order", subject=new_order(), facts=make_facts(), now=clock.now())
    row = Assessment.objects.get(public_id=found.public_id)
    operator = as_("operator")
    page = operator.get(reverse("admin:risk_assessment_change", args=[row.pk]))
    assert b"order.lists" in page.content
    block = reverse("admin:risk_assessment_block_address", args=[row.pk])
    assert operator.get(block).status_code == 200
    operator.post(block, {"days": "1", "reason": "scripted"})
    assert (
        assess(point="lookup", subject="x", facts={"ip": "203.0.113.9"}, now=clock.now()).reason
        == "blocked"
    )


def test_a_rule_changes_when_a_second_person_agrees() -> None:
    one, two = make_staff("owner"), make_staff("owner")
    client = Client()
    client.force_login(one)
    assert client.get(reverse("admin:risk_rulesetting_changelist")).status_code == 200
    answer = client.post(
        reverse("admin:risk_rule_ask", args=["order.ip"]),
        {"limit": "7", "seconds": "60", "enabled": "on", "reason": "campaign"},
    )
    assert answer.status_code == 302
    assert not RuleSetting.objects.exists()
    asked = Approval.objects.get(state="requested")
    with pytest.raises(approvals.SelfApproval):
        approvals.decide(approval_id=asked.public_id, by=one.public_id, agree=True, now=clock.now())
    approvals.decide(approval_id=asked.public_id, by=two.public_id, agree=True, now=clock.now())
    standing = {rule.key: rule for rule in rulebook().points["order"]}
    assert standing["order.ip"].parameters == {"fact": "ip", "limit": 7, "seconds": 60}
    assert AuditEntry.objects.filter(tag="risk:rule_changed").count() == 1


def test_figures_have_a_floor() -> None:
    answer = as_("owner").post(
        reverse("admin:risk_rule_ask", args=["order.ip"]),
        {"limit": "0", "seconds": "60", "enabled": "on", "reason": "x"},
    )
    assert answer.status_code == 200
    assert not Approval.objects.filter(state="requested").exists()
