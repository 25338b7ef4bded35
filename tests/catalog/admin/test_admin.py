from io import BytesIO
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from catalog.models import Brand, Channel, InputField, Price, Product, ProductType, Sku
from catalog.queries import offer, product_page
from core import clock
from core.models import AuditEntry
from core.transitions import history
from tests.catalog.importing.test_rows import GOOD, file_of
from tests.factories import catalog as make
from tests.factories.accounts import make_staff

pytestmark = pytest.mark.django_db
MODELS = (
    "product",
    "sku",
    "producttype",
    "category",
    "brand",
    "tag",
    "channel",
    "pricelist",
    "price",
    "page",
)


def signed_in(*roles: str) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_staff(*roles))
    return client


@pytest.fixture
def operator() -> Client:
    return signed_in("operator")


@pytest.fixture
def sku() -> Sku:
    make.make_block("text")
    return make.make_sku(price_minor=9850, cost_minor=9000, product=make.make_product(kind="topup"))


def fields_of(client: Client, url: str, **changes: Any) -> dict[str, Any]:
    """What a browser would post from an admin form: every field as it is drawn, then the changes."""
    page = client.get(url).context
    data: dict[str, Any] = {}
    forms = [page["adminform"].form]
    for inline in page["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.initial_forms]
    for form in forms:
        for name, field in form.fields.items():
            bound = form[name]
            value = bound.value()
            if hasattr(field, "fields"):
                parts = field.widget.decompress(value)
                data |= {f"{bound.html_name}_{n}": part or "" for n, part in enumerate(parts)}
            elif value is True:
                data[bound.html_name] = "on"
            elif value is not False and value is not None:
                data[bound.html_name] = field.prepare_value(value)
    return {**data, **changes}


@pytest.mark.parametrize("name", MODELS)
def test_every_list_and_form_opens(operator: Client, sku: Sku, name: str) -> None:
    row = apps.get_model("catalog", name).objects.first()
    addresses = [
        reverse(f"admin:catalog_{name}_changelist"),
        reverse(f"admin:catalog_{name}_change", args=[row.pk]),
    ]
    if name != "price":
        addresses.append(reverse(f"admin:catalog_{name}_add"))
    for address in addresses:
        assert operator.get(address).status_code == 200, address


def test_a_list_costs_the_same_for_one_row_and_for_five(operator: Client) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    url = reverse("admin:catalog_product_changelist")
    counts = []
    for number in (1, 4):
        for _ in range(number):
            make.make_sku()
        with CaptureQueriesContext(connection) as caught:
            operator.get(url)
        counts.append(len(caught))
    assert counts[0] == counts[1]


def test_an_edit_is_audited_and_shown_at_once(operator: Client, sku: Sku) -> None:
    url = reverse("admin:catalog_product_change", args=[sku.product_id])
    answer = operator.post(url, fields_of(operator, url, name="新的名字"))
    assert answer.status_code == 302
    product = Product.objects.get()
    assert product.name == "新的名字"
    entry = AuditEntry.objects.get(tag="catalogue:edited")
    assert entry.subject == f"product:{product.public_id}"
    assert entry.after is not None
    assert entry.after["name"] == "新的名字"
    assert entry.by.startswith("user:usr_")
    page = product_page(product.slug, make.channel(), clock.now())
    assert page is not None
    assert page.title == "新的名字"
    assert product.tokens.filter(token="新的").exists()


def test_the_state_is_not_a_field(operator: Client, sku: Sku) -> None:
    url = reverse("admin:catalog_product_change", args=[sku.product_id])
    operator.post(url, fields_of(operator, url, state="retired", popularity="9999"))
    product = Product.objects.get()
    assert (product.state, product.popularity) == ("on_sale", 0)


@pytest.mark.parametrize(("act", "became"), [("pause", "paused"), ("retire", "retired")])
def test_a_state_changes_by_a_confirmed_act(
    operator: Client, sku: Sku, act: str, became: str
) -> None:
    url = reverse(f"admin:catalog_product_{act}", args=[sku.product_id])
    assert operator.get(url).status_code == 200
    assert Product.objects.get().state == "on_sale"
    assert operator.post(url, {"why": "supplier is late"}).status_code == 302
    product = Product.objects.get()
    assert product.state == became
    assert [(row.became, row.why) for row in history(product.public_id)] == [
        (became, "supplier is late")
    ]


def test_a_refused_change_says_why(operator: Client) -> None:
    product = make.make_product(state="draft")
    answer = operator.post(reverse("admin:catalog_product_sell", args=[product.pk]), {"why": ""})
    assert answer.status_code == 200
    assert "has no SKU to sell" in answer.content.decode()
    assert Product.objects.get().state == "draft"


def test_several_at_once_are_all_or_nothing(operator: Client, sku: Sku) -> None:
    empty = make.make_product(state="draft")
    ready = make.make_sku(product=make.make_product(state="draft")).product
    url = reverse("admin:catalog_product_states", args=["on_sale"])
    operator.post(f"{url}?ids={ready.pk},{empty.pk}", {"why": ""})
    assert set(
        Product.objects.filter(pk__in=[ready.pk, empty.pk]).values_list("state", flat=True)
    ) == {"draft"}
    assert operator.post(f"{url}?ids={ready.pk}", {"why": ""}).status_code == 302
    ready.refresh_from_db()
    assert ready.state == "on_sale"


def test_who_may_not_is_refused_on_page_and_on_act(sku: Sku) -> None:
    for role in ("support", "finance", "auditor"):
        client = signed_in(role)
        assert client.get(reverse("admin:catalog_product_changelist")).status_code == 200
        refused = [
            client.post(reverse("admin:catalog_product_pause", args=[sku.product_id]), {"why": ""}),
            client.get(
                reverse("admin:catalog_product_states", args=["paused"]) + f"?ids={sku.product_id}"
            ),
            client.get(reverse("admin:catalog_import")),
            client.post(reverse("admin:catalog_import"), {"packed": ""}),
            client.get(reverse("admin:catalog_product_add")),
            client.post(reverse("admin:catalog_sku_change", args=[sku.pk]), {}),
        ]
        assert [answer.status_code for answer in refused] == [403] * 6
    assert Client().get(reverse("admin:catalog_import")).status_code == 302
    assert Product.objects.get().state == "on_sale"


def test_prices_are_set_in_yuan_through_the_service(operator: Client, sku: Sku) -> None:
    url = reverse("admin:catalog_sku_change", args=[sku.pk])
    answer = operator.post(url, fields_of(operator, url, **{"prices-0-amount_minor": "95.50"}))
    assert answer.status_code == 302
    row = Price.objects.get()
    assert (row.amount_minor, row.is_locked) == (9550, True)
    assert AuditEntry.objects.filter(tag="price:set").count() == 1
    found = offer(sku.code, make.channel(), clock.now())
    assert found is not None
    assert found.unit_minor == 9550


@pytest.mark.parametrize("text", ["89.99", "-1", "abc", "1e9", "95.555", ""])
def test_a_bad_or_low_price_is_refused_on_the_form(operator: Client, sku: Sku, text: str) -> None:
    url = reverse("admin:catalog_sku_change", args=[sku.pk])
    answer = operator.post(url, fields_of(operator, url, **{"prices-0-amount_minor": text}))
    assert answer.status_code == 200
    assert Price.objects.get().amount_minor == 9850


def test_the_last_price_cannot_be_taken_away(operator: Client, sku: Sku) -> None:
    url = reverse("admin:catalog_sku_change", args=[sku.pk])
    operator.post(url, fields_of(operator, url, **{"prices-0-DELETE": "on"}))
    assert Price.objects.count() == 1


def test_a_second_price_with_dates(operator: Client, sku: Sku) -> None:
    url = reverse("admin:catalog_sku_change", args=[sku.pk])
    row = Price.objects.get()
    extra = {
        "prices-TOTAL_FORMS": "2", "prices-1-price_list": row.price_list_id, "prices-1-amount_minor": "92",
        "prices-1-min_quantity": "1", "prices-1-starts_at_0": "2026-12-01", "prices-1-starts_at_1": "00:00",
        "prices-1-ends_at_0": "2026-12-02", "prices-1-ends_at_1": "00:00", "prices-1-sku": sku.pk,
    }  # fmt: skip
    assert operator.post(url, fields_of(operator, url, **extra)).status_code == 302
    assert sorted(Price.objects.values_list("amount_minor", flat=True)) == [9200, 9850]


def test_cost_is_an_act(operator: Client, sku: Sku) -> None:
    assert (
        "cost_minor"
        not in operator.get(reverse("admin:catalog_sku_change", args=[sku.pk]))
        .context["adminform"]
        .form.fields
    )
    answer = operator.post(
        reverse("admin:catalog_sku_change_cost", args=[sku.pk]), {"cost": "91.20"}
    )
    assert answer.status_code == 302
    assert Sku.objects.get().cost_minor == 9120


def test_a_new_product_is_a_draft_with_history(operator: Client, sku: Sku) -> None:
    product = sku.product
    data = {
        "name": "新商品", "name_en": "New thing", "slug": "new-thing", "brand": product.brand_id,
        "category": product.category_id, "product_type": product.product_type_id, "position": "0",
        "skus-TOTAL_FORMS": "0", "skus-INITIAL_FORMS": "0", "skus-MIN_NUM_FORMS": "0", "skus-MAX_NUM_FORMS": "1000",
    }  # fmt: skip
    assert operator.post(reverse("admin:catalog_product_add"), data).status_code == 302
    made = Product.objects.get(slug="new-thing")
    assert made.state == "draft"
    assert [row.became for row in history(made.public_id)] == ["draft"]


def test_an_unpriced_sku_cannot_be_offered_by_a_product_on_sale(operator: Client, sku: Sku) -> None:
    url = reverse("admin:catalog_product_change", args=[sku.product_id])
    extra = {
        "skus-TOTAL_FORMS": "2", "skus-1-code": "NEW-1", "skus-1-name": "新", "skus-1-name_en": "New",
        "skus-1-stock_mode": "supplier", "skus-1-position": "1", "skus-1-product": sku.product_id,
    }  # fmt: skip
    refused = operator.post(url, fields_of(operator, url, **extra, **{"skus-1-is_active": "on"}))
    assert refused.status_code == 200
    assert "Set a price first" in refused.content.decode()
    assert operator.post(url, fields_of(operator, url, **extra)).status_code == 302
    assert Sku.objects.get(code="NEW-1").is_active is False


def test_a_type_from_phone_credit_to_hotel_voucher_is_data(operator: Client) -> None:
    data = {
        "name": "酒店券", "name_en": "Hotel voucher", "code": "voucher-hotel", "is_active": "on",
        "delivery_kind": "voucher", "stock_mode": "voucher", "validity_kind": "from_purchase", "validity_days": "180",
        "binding": "phone", "needs_appointment": "on", "refund_policy": "unused", "guide": "", "guide_en": "",
        "inputs-TOTAL_FORMS": "1", "inputs-INITIAL_FORMS": "0", "inputs-MIN_NUM_FORMS": "0",
        "inputs-MAX_NUM_FORMS": "1000", "inputs-0-key": "guest", "inputs-0-validator": "text",
        "inputs-0-label": "入住人", "inputs-0-label_en": "Guest", "inputs-0-is_required": "on",
        "inputs-0-params": '{"max": 40}', "inputs-0-position": "0",
    }  # fmt: skip
    wrong = operator.post(
        reverse("admin:catalog_producttype_add"), {**data, "inputs-0-params": '{"colour": 1}'}
    )
    assert wrong.status_code == 200
    assert not ProductType.objects.filter(code="voucher-hotel").exists()
    assert operator.post(reverse("admin:catalog_producttype_add"), data).status_code == 302
    assert InputField.objects.get(product_type__code="voucher-hotel").params == {"max": 40}


def test_a_host_opens_one_channel(operator: Client) -> None:
    make.make_channel("corner", hosts=["corner.example"])
    other = make.make_channel("other")
    url = reverse("admin:catalog_channel_change", args=[other.pk])
    assert operator.post(url, fields_of(operator, url, hosts="Corner.example")).status_code == 200
    assert (
        operator.post(url, fields_of(operator, url, hosts="", path_prefix="cart")).status_code
        == 200
    )
    assert (
        operator.post(url, fields_of(operator, url, hosts="Other.example, two.example")).status_code
        == 302
    )
    assert Channel.objects.get(code="other").hosts == ["other.example", "two.example"]


def test_a_brand_s_hue_is_previewed(operator: Client, sku: Sku) -> None:
    brand = Brand.objects.get()
    page = operator.get(reverse("admin:catalog_brand_change", args=[brand.pk])).content.decode()
    assert f"oklch(.55 .15 {brand.hue})" in page


def test_the_import_wizard(operator: Client) -> None:
    make.base()
    url = reverse("admin:catalog_import")
    file = BytesIO(file_of(GOOD, {**GOOD, "sku_code": "NEW-2", "price_cny": "1"}))
    file.name = "goods.csv"
    judged = operator.post(url, {"file": file})
    page = judged.content.decode()
    assert "1 added, 0 changed, 0 as they are, 1 refused" in page
    assert "The price is under the cost." in page
    assert not Sku.objects.exists()
    packed = judged.context["packed"]
    assert operator.post(url, {"packed": packed, "name": "goods.csv"}).status_code == 302
    assert Sku.objects.get().code == "IQY-GOLD-M"
    assert AuditEntry.objects.get(tag="catalogue:imported").by.startswith("user:usr_")
    for broken in ("not base64!", "AAAA"):
        assert operator.post(url, {"packed": broken}).status_code == 302
    assert Sku.objects.count() == 1


def test_the_export_has_the_columns_of_the_import(operator: Client, sku: Sku) -> None:
    url = reverse("admin:catalog_sku_export")
    page = operator.get(url)
    formats = dict(page.context["form"].fields["format"].choices)
    csv_format = next(key for key, title in formats.items() if title == "csv")
    answer = operator.post(url, {"format": csv_format, "resource": "", "csv": "on"})
    text = answer.content.decode("utf-8-sig")
    assert text.splitlines()[0].startswith("category,category_en,brand")
    assert sku.code in text
    assert "98.50" in text
