"""The back office of the vault: who may do what, and what the pages never show."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from core import approvals, clock
from core.models import Approval
from core.tx import step
from fulfillment.models import Code, CodeBatch, CodeExport, CodeReveal, Delivery
from fulfillment.services.hold import HoldLine, hold
from fulfillment.services.imports.run_import import run_import
from fulfillment.services.open_deliveries import OpenLine, open_deliveries
from tests.factories.accounts import make_staff
from tests.factories.fulfillment import import_file, make_goods, make_stock

pytestmark = pytest.mark.django_db
DIRTY = b"1234567890 CANARY-A\n1234567890 CANARY-A\n=1+1 CANARY-B\nCANARY-C\n"


def signed_in(*roles: str) -> Client:
    client = Client()
    client.force_login(make_staff(*roles))
    return client


def upload(client: Client, content: bytes = DIRTY, **fields: Any) -> Any:
    data = {
        "sku": make_goods().pk, "file": SimpleUploadedFile("f.txt", content), "layout": "pair",
        "paid_from": "bank", "check_only": "on", **fields,
    }  # fmt: skip
    return client.post(reverse("admin:fulfillment_codebatch_add"), data)


def page(client: Client, batch: CodeBatch, query: str = "") -> str:
    url = reverse("admin:fulfillment_codebatch_change", args=[batch.pk])
    response = client.get(url + query)
    assert response.status_code == 200
    return str(response.content.decode())


def act(client: Client, batch: CodeBatch, name: str, **data: Any) -> Any:
    return client.post(reverse("admin:fulfillment_codebatch_act", args=[batch.pk, name]), data)


def test_check_read_the_verdicts_then_import() -> None:
    client = signed_in("operator")
    assert upload(client).status_code == 302
    batch = CodeBatch.objects.get()
    assert 'http-equiv="refresh"' in page(client, batch)
    run_import(batch_id=batch.public_id)
    text = page(client, batch)
    assert 'http-equiv="refresh"' not in text
    assert "••••7890" in text
    assert "CANARY" not in text
    assert "formula" in text
    assert "malformed" in text
    only = page(client, batch, "?verdict=formula&page=99")
    assert "••••7890" not in only
    assert (
        client.get(reverse("admin:fulfillment_codebatch_act", args=[batch.pk, "start"])).status_code
        == 200
    )
    assert act(client, batch, "start").status_code == 302
    run_import(batch_id=batch.public_id)
    assert Code.objects.count() == 1


def test_a_request_that_cannot_be_is_told_in_words() -> None:
    client = signed_in("operator")
    assert upload(client, b"").context["form"].errors["file"]
    assert upload(client, b"1 A\n", sku=make_goods("topup").pk).context["form"].errors["sku"]
    response = upload(client, paid_from="prepaid")
    assert response.status_code == 200
    assert not CodeBatch.objects.exists()


@pytest.mark.parametrize("role", ["support", "finance", "auditor"])
def test_who_may_not(role: str) -> None:
    batch = CodeBatch.objects.get(sku=make_stock(2))
    client = signed_in(role)
    assert upload(client).status_code == 403
    for name in ("freeze", "export", "thaw", "start", "cancel"):
        assert act(client, batch, name, why="x", rows=1).status_code in (403, 404)
    codes = [str(code.pk) for code in Code.objects.all()]
    url = reverse("admin:fulfillment_code_act", args=["quarantine"]) + f"?ids={','.join(codes)}"
    assert client.post(url, {"why": "x"}).status_code == 403
    assert set(Code.objects.values_list("state", flat=True)) == {"available"}


def test_a_stranger_is_sent_to_sign_in() -> None:
    assert Client().get(reverse("admin:fulfillment_code_changelist")).status_code == 302


def test_no_page_shows_a_secret() -> None:
    sku = make_goods()
    import_file(sku, b"9876543210 CANARY-SECRET\n")
    client = signed_in("owner")
    code, batch = Code.objects.get(), CodeBatch.objects.get()
    for url in (
        reverse("admin:fulfillment_code_changelist"),
        reverse("admin:fulfillment_code_change", args=[code.pk]),
        reverse("admin:fulfillment_codebatch_changelist"),
        reverse("admin:fulfillment_codebatch_change", args=[batch.pk]),
    ):
        response = client.get(url)
        text = response.content.decode()
        assert response.status_code == 200, url
        assert "CANARY" not in text
        assert "9876543210" not in text


def test_freeze_and_thaw_a_batch() -> None:
    client = signed_in("operator")
    batch = CodeBatch.objects.get(sku=make_stock(3))
    assert act(client, batch, "freeze", why="leak").status_code == 302
    assert set(Code.objects.values_list("state", flat=True)) == {"quarantined"}
    assert act(client, batch, "freeze", why="leak").status_code == 404
    act(client, batch, "thaw", why="fine")
    assert set(Code.objects.values_list("state", flat=True)) == {"available"}


def test_chosen_codes_go_through_a_page_that_asks_why() -> None:
    make_stock(3)
    client = signed_in("operator")
    chosen = [str(code.pk) for code in Code.objects.all()[:2]]
    response = client.post(
        reverse("admin:fulfillment_code_changelist"),
        {"action": "quarantine", "_selected_action": chosen},
    )
    assert response.status_code == 302
    assert client.get(response["Location"]).status_code == 200
    assert client.post(response["Location"], {"why": ""}).status_code == 200
    client.post(response["Location"], {"why": "odd"})
    assert Code.objects.filter(state="quarantined").count() == 2
    asked = reverse("admin:fulfillment_code_act", args=["void"]) + f"?ids={','.join(chosen)}"
    assert client.post(asked, {"why": "dead"}).status_code == 302
    assert Approval.objects.filter(action="codes.void").count() == 1
    assert Code.objects.filter(state="quarantined").count() == 2


def test_an_export_from_click_to_file() -> None:
    one, two = make_staff("operator"), make_staff("owner")
    asker, agreer = Client(), Client()
    asker.force_login(one)
    agreer.force_login(two)
    batch = CodeBatch.objects.get(sku=make_stock(3))
    assert act(asker, batch, "export", rows=2, why="fair").status_code == 302
    assert act(asker, batch, "export", rows=2, why="fair").status_code == 200  # asked already
    approvals.decide(
        approval_id=Approval.objects.get(action="codes.export").public_id,
        by=two.public_id,
        agree=True,
        now=clock.now(),
    )
    export = CodeExport.objects.get()
    url = reverse("admin:fulfillment_codeexport_change", args=[export.pk])
    secret = reverse("admin:fulfillment_codeexport_password", args=[export.pk])
    assert asker.post(secret).status_code == 404
    shown = agreer.post(secret)
    assert "no-store" in shown["Cache-Control"]
    password = shown.context["shown"]
    assert agreer.post(url, {"password": password}).status_code == 302  # not the recipient
    assert asker.post(url, {"password": "wrong"}).status_code == 200
    file = asker.post(url, {"password": password})
    assert file.content.startswith(b"Salted__")
    assert "no-store" in file["Cache-Control"]
    assert asker.post(url, {"password": password}).status_code == 302


def sold(sku: Any) -> Delivery:
    now = clock.now()
    with step():
        hold(
            reference="ord_T",
            lines=[HoldLine("a", sku.pk, 1)],
            until=now + timedelta(minutes=5),
            channel="main",
            now=now,
        )
        open_deliveries(
            reference="ord_T",
            owner=None,
            channel="main",
            lines=[OpenLine("a", sku.pk, 1)],
            now=now,
        )
    return Delivery.objects.get()


def test_support_looks_at_a_code_and_it_is_written_down() -> None:
    sku = make_goods()
    import_file(sku, b"9876543210 CANARY-SECRET\n")
    row = sold(sku)
    url = f"/admin/fulfillment/delivery/{row.pk}/look/"
    asked = signed_in("support").get(url)
    assert asked.status_code == 200
    assert "CANARY" not in asked.content.decode()
    assert CodeReveal.objects.count() == 0
    shown = signed_in("support").post(url)
    assert "CANARY-SECRET" in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    assert CodeReveal.objects.get().by.startswith("user:usr_")
    for role in ("operator", "finance", "auditor"):
        assert signed_in(role).post(url).status_code == 403
    assert CodeReveal.objects.count() == 1


def test_support_asks_for_another_code() -> None:
    row = sold(make_stock(1))
    client = signed_in("support")
    url = f"/admin/fulfillment/delivery/{row.pk}/replace/"
    assert client.get(url).status_code == 200
    assert client.post(url, {"why": "dead"}).status_code == 302
    asked = Approval.objects.get(action="codes.replace")
    with pytest.raises(approvals.StalePayload):  # no code is left
        approvals.decide(
            approval_id=asked.public_id,
            by=make_staff("operator").public_id,
            agree=True,
            now=clock.now(),
        )
    assert signed_in("finance").get(url).status_code == 403
