"""Text of operators, buyers and suppliers stays text on every page, and scripts come from us alone."""

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from catalog import snapshot
from catalog.models import Brand, Category, Product, Sku
from core import cache as versions
from core.crypto import ensure_data_key
from fulfillment.models import CodeBatch, Delivery, Supplier
from orders.models import Notice, Order
from tests.factories.accounts import make_staff, make_user
from tests.factories.orders import make_paid, stocked

pytestmark = pytest.mark.django_db
EVIL = "\"'><img src=x onerror=alert(1)>{{7*7}}</script>"
BAD = ("<img src=x", "49</script", "onerror=alert(1)>")


@pytest.fixture
def evil() -> Sku:
    ensure_data_key()
    sku = stocked(2)
    Product.objects.update(
        name=EVIL, name_en=EVIL, summary=EVIL, summary_en=EVIL, guide=EVIL, guide_en=EVIL
    )
    Sku.objects.update(name=EVIL, name_en=EVIL)
    Brand.objects.update(name=EVIL[:40], name_en=EVIL[:40])
    Category.objects.update(name=EVIL[:40], name_en=EVIL[:40])
    versions.bump("catalog")
    snapshot.forget()
    return sku


def clean(answer: Any, where: str) -> None:
    assert answer.status_code < 400, (where, answer.status_code)
    text = answer.content.decode()
    found = [bad for bad in BAD if bad in text]
    assert not found, (where, text[max(0, text.index(found[0]) - 200) :][:400])


def test_shop_pages(evil: Sku, client: Client) -> None:
    product = f"/p/{evil.product.slug}/"
    client.post("/cart/add/", {"sku": evil.code})
    order = make_paid(evil)
    pages = ["/", "/c/", product, f"{product}?sku={evil.code}", "/cart/", "/checkout/", "/search/"]
    for page in pages:
        for language in ("en", "zh-hans"):
            client.cookies["qy_language"] = language
            clean(client.get(page), page)
    assert "&lt;img src=x" in client.get(product).content.decode()
    clean(client.get("/search/", {"q": EVIL, "brand": EVIL, "sort": EVIL}), "search")
    clean(
        client.get("/search/", {"q": EVIL}, headers={"HX-Request": "true", "HX-Target": "found"}),
        "live",
    )
    clean(client.post("/lookup/", {"order": EVIL, "contact": EVIL, "secret": EVIL}), "lookup")
    owner = make_user(email="a@example.com", display_name=EVIL[:60])
    Order.objects.filter(pk=order.pk).update(user=owner, owner=owner.public_id)
    client.force_login(owner)
    for page in (f"/orders/{order.public_id}/", "/account/", "/wallet/"):
        clean(client.get(page), page)


def test_back_office_pages(evil: Sku) -> None:
    order = make_paid(evil)
    Supplier.objects.create(code="evil", name=EVIL, base_url="https://x.example.com", note=EVIL)
    Delivery.objects.update(reason=EVIL[:30], supplier_no=EVIL[:40])
    Notice.objects.create(provider="localpay", dedupe="x", received_at=order.created_at, ip="::1",
                          size=9, body=EVIL.encode(), headers={"User-Agent": EVIL}, verified=False,
                          verdict="malformed", outcome="rejected")  # fmt: skip
    make_user(email="b@example.com", display_name=EVIL[:60])
    client = Client()
    client.force_login(make_staff("owner"))
    name = EVIL.replace("/", "") + ".txt"
    data = {"sku": evil.pk, "file": SimpleUploadedFile(name, b"a b\n"), "layout": "pair",
            "paid_from": "bank", "check_only": "on"}  # fmt: skip
    client.post(reverse("admin:fulfillment_codebatch_add"), data)
    assert CodeBatch.objects.latest("id").file_name
    for label in ("catalog.product", "catalog.sku", "catalog.brand", "catalog.category", "accounts.user",
                  "fulfillment.codebatch", "fulfillment.delivery", "fulfillment.supplier", "orders.order",
                  "orders.notice", "orders.payment", "core.auditentry", "core.statechange", "core.journal",
                  "fulfillment.code", "fulfillment.entitlement"):  # fmt: skip
        app, model = label.split(".")
        page = reverse(f"admin:{app}_{model}_changelist")
        answer = client.get(page)
        clean(answer, page)
        for row in answer.context["cl"].result_list[:3]:
            clean(client.get(reverse(f"admin:{app}_{model}_change", args=[row.pk])), label)
    for act in ("sell", "pause", "retire"):
        page = f"/admin/catalog/product/{evil.product.pk}/{act}/"
        clean(client.get(page), page)


def test_no_script_or_style_is_written_into_shop_pages(evil: Sku, client: Client) -> None:
    for page in (
        "/",
        f"/p/{evil.product.slug}/",
        "/search/",
        "/lookup/",
        reverse("account_login"),
        "/404/",
    ):
        answer = client.get(page)
        text = answer.content.decode()
        scripts = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", text)
        assert all("application/ld+json" in each for each in scripts), page
        assert not re.search(
            r"\son[a-z]+\s*=\s*[\"']|\sstyle\s*=|javascript:", text.replace("onerror=", "")
        ), page
        policy = answer["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
