"""A supplier's address and keys change by two persons, and the new secret lies open nowhere."""

import base64
import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from core import approvals, clock
from core.crypto import CannotUnseal, unseal
from core.models import Approval, AuditEntry
from core.rotation import new_data_key, reseal_batch, retire_unused
from fulfillment.models import Supplier
from fulfillment.services.suppliers.change_supplier_keys import (
    ACTION,
    NothingToChange,
    Wanted,
    ask_to_change_keys,
)
from fulfillment.services.suppliers.connect_supplier import connect_supplier
from fulfillment.services.suppliers.save_supplier import BadSupplier, TakesTwoPersons, save_supplier
from fulfillment.suppliers.registry import adapter_for
from tests.factories.accounts import make_staff, sign_in

pytestmark = pytest.mark.django_db
CANARY = "CANARY-new-secret"
SET_UP = {"code": "c", "name": "C", "dialect": "rest_hmac", "base_url": "https://c.example",
          "key_id": "k1", "secret": "one"}  # fmt: skip


def save(**changes: str) -> Supplier:
    values: dict[str, Any] = {**SET_UP, **changes}
    return save_supplier(by="system", now=clock.now(), **values)


def ask(by: str = "", **changes: str) -> Approval:
    values = {**SET_UP, "secret": "", **changes}
    maker = by or make_staff("operator").public_id
    code = values.pop("code")
    return ask_to_change_keys(
        code=code, wanted=Wanted(**values), by=maker, reason="they moved", now=clock.now()
    )


def agree(asked: Approval, by: str = "") -> None:
    checker = by or make_staff("operator").public_id
    approvals.decide(approval_id=asked.public_id, by=checker, agree=True, now=clock.now())


def keys() -> tuple[str, str, dict[str, str]]:
    link = connect_supplier(Supplier.objects.get()).connection
    return link.base_url, link.key_id, dict(link.keys)


OLD = ("https://c.example", "k1", {"k1": "one"})


@pytest.mark.parametrize(
    "change",
    [
        {"base_url": "https://evil.example"},
        {"secret": "two"},
        {"key_id": "k2", "secret": "two"},
        {"dialect": "other"},
    ],
)
def test_one_person_changes_nothing_that_is_connected(
    change: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    save()
    save()  # the same again is no change
    monkeypatch.setattr("fulfillment.services.suppliers.save_supplier.adapter_for",
                        lambda _dialect: adapter_for("rest_hmac"))  # fmt: skip
    with pytest.raises(TakesTwoPersons):
        save(**change)
    assert keys() == OLD
    assert AuditEntry.objects.filter(tag="supplier:saved").count() == 1


def test_a_second_person_puts_it_into_force() -> None:
    save()
    one, two = make_staff("operator").public_id, make_staff("operator").public_id
    asked = ask(one, base_url="https://new.example", key_id="k2", secret=CANARY)
    assert keys() == OLD
    with pytest.raises(approvals.SelfApproval):
        agree(asked, one)
    with pytest.raises(approvals.NotAllowed):
        agree(asked, make_staff("finance").public_id)
    assert keys() == OLD
    agree(asked, two)
    assert keys() == ("https://new.example", "k2", {"k1": "one", "k2": CANARY})
    entry = AuditEntry.objects.filter(tag="supplier:saved").latest("id")
    assert (entry.by, entry.before, entry.after) == (
        f"user:{two}",
        {"base_url": "https://c.example", "dialect": "rest_hmac", "key_id": "k1", "name": "C",
         "options": ""},
        {"base_url": "https://new.example", "dialect": "rest_hmac", "key_id": "k2", "name": "C",
         "options": "", "new_key": True, "approval": asked.public_id},
    )  # fmt: skip


def test_without_a_new_secret_the_keys_stay() -> None:
    save()
    agree(ask(base_url="https://new.example", key_id="k9"))
    assert keys() == ("https://new.example", "k1", {"k1": "one"})
    with pytest.raises(NothingToChange):
        ask(base_url="https://new.example")


def test_the_secret_lies_open_nowhere() -> None:
    save()
    asked = ask(key_id="k2", secret=CANARY)
    agree(asked)
    asked.refresh_from_db()
    rows = [asked.payload, *AuditEntry.objects.values_list("before", "after")]
    assert CANARY not in json.dumps(rows, default=str)
    blob = base64.b64decode(asked.payload["sealed_secret"])
    assert CANARY.encode() not in blob
    assert unseal(blob, context="core_approval:payload:supplier:c").reveal() == CANARY
    with pytest.raises(CannotUnseal):
        unseal(blob, context="core_approval:payload:supplier:d")


def test_what_was_asked_for_another_state_of_things_is_stale() -> None:
    save()
    asked = ask(key_id="k2", secret="two")
    Supplier.objects.update(base_url="https://other.example")
    with pytest.raises(approvals.StalePayload):
        agree(asked)
    assert set(keys()[2]) == {"k1"}


def test_a_request_whose_data_key_is_retired_is_stale() -> None:
    save()
    asked = ask(key_id="k2", secret="two")
    new_data_key()
    while reseal_batch():
        pass
    assert retire_unused()
    with pytest.raises(approvals.StalePayload):
        agree(asked)
    assert keys() == OLD


def test_an_address_in_the_clear_is_not_even_asked_for() -> None:
    save()
    with pytest.raises(BadSupplier):
        ask(base_url="http://c.example")
    assert not Approval.objects.filter(action=ACTION).exists()


def test_from_the_page_to_the_second_person() -> None:
    supplier = save()
    one = sign_in(Client(), make_staff("operator"))
    two = sign_in(Client(), make_staff("owner"))
    url = f"/admin/fulfillment/supplier/{supplier.pk}/change-connection/"
    form = {**SET_UP, "key_id": "k2", "secret": CANARY}
    assert one.post(url, form).status_code == 200, "it must say why"
    assert one.post(url, {**form, "why": "they moved"}).status_code == 302
    assert one.post(url, {**form, "why": "they moved"}).status_code == 200, "asked already"
    assert keys() == OLD
    asked = Approval.objects.get(action=ACTION)
    blob = asked.payload["sealed_secret"]
    decide = reverse("admin:core_approval_decide", args=[asked.public_id, "agree"])
    for page in (reverse("admin:core_approval_change", args=[asked.pk]), decide):
        text = two.get(page).content.decode()
        assert "k2" in text
        assert "sealed_secret" in text
        assert CANARY not in text
        assert blob not in text
    assert two.post(decide, {"note": "told by phone"}).status_code == 302
    assert keys()[1:] == ("k2", {"k1": "one", "k2": CANARY})
