"""Terms of activation are set by operators through their service; gifts are looked at."""

import pytest
from django.test import Client

from core.models import AuditEntry
from fulfillment.models import ActivationTerms
from tests.factories.accounts import make_staff
from tests.factories.fulfillment import make_goods
from tests.factories.wallet import buy_one, given

pytestmark = pytest.mark.django_db
HOME = "/admin/fulfillment/activationterms/"


def desk(*roles: str) -> Client:
    client = Client()
    client.force_login(make_staff(*roles))
    return client


def test_an_operator_sets_terms_and_nobody_changes_them() -> None:
    operator, sku = desk("operator"), make_goods()
    form = {"sku": sku.pk, "binding": "device", "activations": 3, "within_days": "30"}
    assert operator.post(f"{HOME}add/", form).status_code == 302
    terms = ActivationTerms.objects.get()
    assert (terms.sku_id, terms.binding, terms.activations) == (sku.pk, "device", 3)
    assert AuditEntry.objects.filter(tag="activation:terms", subject=sku.code).count() == 1
    assert operator.get(HOME).status_code == 200
    assert operator.post(f"{HOME}{terms.pk}/change/", form).status_code == 403
    assert operator.post(f"{HOME}{terms.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("role", ["support", "finance", "auditor"])
def test_others_set_none(role: str) -> None:
    form = {"sku": make_goods().pk, "binding": "none", "activations": 1}
    assert desk(role).post(f"{HOME}add/", form).status_code == 403
    assert not ActivationTerms.objects.exists()


def test_support_sees_a_gift_without_its_link() -> None:
    gift = given(buy_one("usr_GIVER"), sender="Lin")
    support = desk("support")
    page = support.get(f"/admin/fulfillment/gift/{gift.gift.pk}/change/").content.decode()
    assert gift.gift.public_id in page
    assert gift.token not in page
    assert support.get("/admin/fulfillment/gift/").status_code == 200
