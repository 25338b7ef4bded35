"""Editions in the back office and in the wallet, as people see them."""

import pytest
from django.test import Client
from django.utils import translation

from core import clock
from core.models import AuditEntry
from core.tx import step
from fulfillment.models import Certificate, Edition
from fulfillment.queries.editions import numbered
from fulfillment.services.pool.count_availability import count_editions
from tests.factories.accounts import make_staff, make_user
from tests.factories.editions import keep, make_edition, sell
from tests.factories.fulfillment import make_goods
from tests.factories.redemption import make_voucher_sku, sell_voucher

pytestmark = pytest.mark.django_db
HOME = "/admin/fulfillment/edition/"
NUMBERS = "/admin/fulfillment/certificate/"


def desk(*roles: str) -> Client:
    client = Client()
    client.force_login(make_staff(*roles))
    return client


def test_an_operator_makes_an_edition_and_sizes_it_until_the_first_is_sold() -> None:
    operator, sku = desk("operator"), make_voucher_sku()
    assert operator.post(f"{HOME}add/", {"sku": sku.pk, "size": 30}).status_code == 302
    edition = Edition.objects.get()
    change = f"{HOME}{edition.pk}/change/"
    assert (edition.size, edition.places.count()) == (30, 30)
    assert operator.post(change, {"size": 20}).status_code == 302
    sell(edition)
    # The field is not there any more; what is posted all the same changes nothing.
    assert operator.post(change, {"size": 10}).status_code == 302
    edition.refresh_from_db()
    assert (edition.size, edition.places.count()) == (20, 20)
    told = AuditEntry.objects.filter(tag="edition:saved", subject=edition.public_id)
    assert told.count() == 2
    assert operator.post(f"{HOME}{edition.pk}/delete/", {"post": "yes"}).status_code == 403
    for page in (HOME, change, f"{HOME}add/", NUMBERS, f"{NUMBERS}?edition__id__exact=1"):
        assert operator.get(page).status_code == 200


def test_what_cannot_be_numbered_is_said_and_changes_nothing() -> None:
    operator, codes = desk("operator"), make_goods()
    answer = operator.post(f"{HOME}add/", {"sku": codes.pk, "size": 30}, follow=True)
    with translation.override("zh-hans"):
        assert "只有券和会员可以编号" in answer.content.decode()
    assert not Edition.objects.exists()


@pytest.mark.parametrize("role", ["support", "finance", "auditor"])
def test_others_make_none(role: str) -> None:
    sku = make_voucher_sku()
    assert desk(role).post(f"{HOME}add/", {"sku": sku.pk, "size": 3}).status_code == 403
    assert not Edition.objects.exists()


def test_the_chain_of_owners_is_seen_by_staff() -> None:
    person = make_user(email="collector@example.com")
    (one,) = sell(make_edition(), owner=person.public_id)
    page = desk("auditor").get(f"{NUMBERS}{one.pk}/change/").content.decode()
    assert one.public_id in page
    assert one.links.get().hash[:16] in page


def test_the_wallet_shows_the_number_and_leads_to_the_certificate(client: Client) -> None:
    person = make_user(email="a@example.com")
    client.force_login(person)
    # Both are there before anything is sold: a process knows new goods within a second.
    plain, edition = make_voucher_sku(), make_edition(7)
    sell(edition, owner="usr_OTHER")
    (mine,) = sell(edition, owner=person.public_id)
    sell_voucher(plain, owner=person.public_id)
    english = {"accept-language": "en"}
    for address in ("/wallet/", f"/wallet/{mine.entitlement.public_id}/"):
        page = client.get(address, headers=english).content.decode()
        assert page.count("No. 2 of 7") == 1
        assert f"/editions/{mine.public_id}/" in page
    page = client.get(f"/editions/{mine.public_id}/", headers=english).content.decode()
    assert "Genuine" in page
    assert "this is you" in page
    keys = client.get("/editions/keys/").content.decode()
    assert mine.links.get().key.key_id in keys
    assert numbered({}) == {}


def test_the_shelf_says_when_few_are_left_and_when_none() -> None:
    edition = make_edition(22)
    words = []
    for units in (0, 2, 20):
        if units:
            keep(edition, units)
        with step():
            count_editions(now=clock.now())
            assert count_editions(now=clock.now()) == 0
        edition.sku.refresh_from_db()
        words.append(edition.sku.availability)
    assert words == ["in", "low", "out"]
    assert not Certificate.objects.exists()
