"""The back office sets what is inside a bundle, shows the split, and refuses what cannot be sold."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from catalog.models import BundleGroup, BundlePart, Price, Sku
from core import clock
from core.invariants import check_all
from core.models import AuditEntry
from tests.catalog.admin.test_admin import signed_in
from tests.factories import catalog as make
from tests.factories.bundles import make_bundle, topup

pytestmark = pytest.mark.django_db


@pytest.fixture
def goods() -> list[Sku]:
    rows = [topup(price) for price in (1990, 660, 1390)]
    for row, cost in zip(rows, (1650, 520, 1150), strict=True):
        Sku.objects.filter(pk=row.pk).update(cost_minor=cost)
    make.fresh()
    return rows


@pytest.fixture
def pack(goods: list[Sku]) -> Sku:
    make.make_block("text")
    return make_bundle((None, [(one, 1) for one in goods]), price_minor=3690)


def form_of(client: Client, pack: Sku, **changes: Any) -> dict[str, Any]:
    """What a browser would post: the page's own fields, those of its groups and of their parts."""
    page = client.get(reverse("admin:catalog_bundle_change", args=[pack.pk])).context
    forms = [page["adminform"].form]
    for inline in page["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.initial_forms]
        for form in inline.formset.initial_forms:
            for nested in getattr(form, "nested_formsets", ()):
                forms += [nested.formset.management_form, *nested.formset.initial_forms]
    data: dict[str, Any] = {}
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


def save(client: Client, pack: Sku, **changes: Any) -> Any:
    address = reverse("admin:catalog_bundle_change", args=[pack.pk])
    return client.post(address, form_of(client, pack, **changes), follow=True)


def test_the_list_and_the_page_show_price_split_and_margin(pack: Sku) -> None:
    client = signed_in("operator")
    listed = client.get(reverse("admin:catalog_bundle_changelist")).content.decode()
    assert pack.code in listed
    assert "¥33.20" in listed  # the cost
    assert "¥3.70" in listed  # the margin
    page = client.get(reverse("admin:catalog_bundle_change", args=[pack.pk])).content.decode()
    for amount in ("¥18.18", "¥6.03", "¥12.69", "¥40.40", "¥36.90", "¥1.68", "¥0.83", "¥1.19"):
        assert amount in page


def test_other_goods_are_not_in_the_list(pack: Sku, goods: list[Sku]) -> None:
    listed = signed_in("operator").get(reverse("admin:catalog_bundle_changelist"))
    assert goods[0].code not in listed.content.decode()


def test_a_changed_quantity_is_saved_and_audited(pack: Sku) -> None:
    group = BundleGroup.objects.get(bundle=pack)
    answer = save(signed_in("operator"), pack, **{"groups-0-parts-1-quantity": "1"})
    assert answer.status_code == 200
    assert BundlePart.objects.filter(group=group).count() == 3
    before = AuditEntry.objects.filter(tag="bundle:parts").count()
    Price.objects.filter(sku=pack).update(amount_minor=9000)
    save(signed_in("operator"), pack, **{"groups-0-parts-1-quantity": "3"})
    assert BundlePart.objects.get(group=group, position=1).quantity == 3
    assert AuditEntry.objects.filter(tag="bundle:parts").count() == before + 1
    assert check_all(now=clock.now(), only="INV-K") == []


def test_a_group_to_choose_from(pack: Sku) -> None:
    save(signed_in("operator"), pack, **{"groups-0-choose": "2"})
    assert BundleGroup.objects.get(bundle=pack).choose == 2


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"groups-0-choose": "4"}, "as many goods as the buyer chooses"),
        ({"groups-0-parts-0-quantity": "9"}, "under what the dearest choice costs"),
        ({"prices-0-amount_minor": "33.19"}, "under the floor"),
    ],
)
def test_what_cannot_be_sold_takes_the_save_back(
    pack: Sku, change: dict[str, str], why: str
) -> None:
    answer = save(signed_in("operator"), pack, **change)
    assert why in answer.content.decode().lower()
    group = BundleGroup.objects.get(bundle=pack)
    assert group.choose is None
    assert sum(group.parts.values_list("quantity", flat=True)) == 3
    assert Price.objects.get(sku=pack).amount_minor == 3690


def test_support_may_look_only(pack: Sku) -> None:
    client = signed_in("support")
    address = reverse("admin:catalog_bundle_change", args=[pack.pk])
    assert client.get(address).status_code == 200
    assert client.post(address, {}).status_code == 403
