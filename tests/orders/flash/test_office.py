"""The desk of flash sales: set up, subsidized by two persons, cut, watched and ended."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils.timezone import localtime

from core import approvals, clock
from core.crypto import ensure_data_key
from core.models import Approval, AuditEntry
from orders.models import FlashSale, FlashUnit
from orders.services.flash.approve_flash import FLASH_SUBSIDY
from orders.services.flash.flash_rule import flash_rule, subsidy_sha
from orders.services.flash.run_flash import NotCuttable, cut_flash
from orders.services.promotions.campaign_subsidy import request_subsidy
from tests.factories.accounts import make_staff, sign_in
from tests.factories.flash import draft_flash, make_flash, order_flash
from tests.factories.orders import stocked

pytestmark = pytest.mark.django_db
HOME = "/admin/orders/flashsale/"


@pytest.fixture
def operator(client: Client) -> Client:
    ensure_data_key()
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return sign_in(client, make_staff("operator"))


def deep() -> FlashSale:
    """A draft ten yuan under the floor for each of three units; nobody has agreed yet."""
    sale = draft_flash(
        stocked(3, price_minor=9000, cost_minor=5000), units=3, price_minor=4000, subsidy_minor=3000
    )
    FlashSale.objects.filter(pk=sale.pk).update(subsidy_sha="")
    sale.refresh_from_db()
    return sale


def ask(sale: FlashSale) -> Approval:
    maker = make_staff("operator")
    return request_subsidy(
        FLASH_SUBSIDY,
        campaign=sale.public_id,
        by=maker.public_id,
        reason="opening week",
        now=clock.now(),
    )


def agree(approval: Approval) -> None:
    approvals.decide(
        approval_id=approval.public_id, by=make_staff("operator").public_id, agree=True,
        now=clock.now(),
    )  # fmt: skip


def test_a_subsidy_counts_once_two_persons_agreed() -> None:
    sale = deep()
    assert flash_rule(sale).subsidy_minor == 0
    with pytest.raises(NotCuttable, match="floor"):
        cut_flash(sale=sale.public_id, by="test", now=clock.now())
    approval = ask(sale)
    with pytest.raises(approvals.SelfApproval):
        approvals.decide(
            approval_id=approval.public_id, by=approval.maker, agree=True, now=clock.now()
        )
    sale.refresh_from_db()
    assert sale.subsidy_sha == ""
    agree(approval)
    sale.refresh_from_db()
    assert sale.subsidy_sha == subsidy_sha(sale)
    assert flash_rule(sale).subsidy_minor == 1000
    assert AuditEntry.objects.filter(tag="flash:subsidized", subject=sale.public_id).count() == 1
    assert cut_flash(sale=sale.public_id, by="test", now=clock.now()) == 3


@pytest.mark.parametrize(
    "change", [{"price_minor": 3000}, {"units": 2}, {"subsidy_minor": 9000}, {"currency": "USD"}]
)
def test_a_sale_changed_after_asking_is_not_what_was_agreed_to(change: dict[str, object]) -> None:
    sale = deep()
    approval = ask(sale)
    FlashSale.objects.filter(pk=sale.pk).update(**change)
    with pytest.raises(approvals.StalePayload):
        agree(approval)
    sale.refresh_from_db()
    assert flash_rule(sale).subsidy_minor == 0


def test_a_sale_changed_after_agreeing_loses_its_subsidy() -> None:
    sale = deep()
    agree(ask(sale))
    FlashSale.objects.filter(pk=sale.pk).update(price_minor=3500)
    sale.refresh_from_db()
    assert flash_rule(sale).subsidy_minor == 0
    with pytest.raises(NotCuttable, match="floor"):
        cut_flash(sale=sale.public_id, by="test", now=clock.now())


def test_whoever_may_not_set_up_sales_may_not_ask() -> None:
    sale = deep()
    with pytest.raises(approvals.NotAllowed):
        request_subsidy(
            FLASH_SUBSIDY, campaign=sale.public_id, by=make_staff("support").public_id, reason="x",
            now=clock.now(),
        )  # fmt: skip


def test_a_sale_is_set_up_on_one_screen_asked_for_cut_and_ended(operator: Client) -> None:
    sku = stocked(3, price_minor=9000, cost_minor=5000)
    starts = localtime(clock.now() - timedelta(minutes=1))
    ends = starts + timedelta(hours=2)
    said = {
        "name": "开学秒杀", "name_en": "School flash", "slug": "school", "sku": sku.pk,
        "channels": ["main"], "price_minor": "40.00", "subsidy_minor": "30.00", "units": "3",
        "per_person": "1", "hold_seconds": "60", "admit_per_second": "20",
        "starts_at_0": starts.strftime("%Y-%m-%d"), "starts_at_1": starts.strftime("%H:%M:%S"),
        "ends_at_0": ends.strftime("%Y-%m-%d"), "ends_at_1": ends.strftime("%H:%M:%S"),
    }  # fmt: skip
    answer = operator.post(f"{HOME}add/", said)
    assert answer.status_code == 302, answer.context["errors"]
    sale = FlashSale.objects.get()
    assert (sale.state, sale.price_minor, sale.subsidy_minor) == ("draft", 4000, 3000)
    assert sale.channels == ["main"]
    page = operator.get(f"{HOME}{sale.pk}/change/").content.decode()
    assert "not agreed to" in page
    refused = operator.post(f"{HOME}{sale.pk}/cut/", {"reason": "go"}, follow=True)
    assert "two persons have to agree" in refused.content.decode()
    operator.post(f"{HOME}{sale.pk}/ask-subsidy/", {"reason": "opening week"}, follow=True)
    agree(Approval.objects.get(subject=sale.public_id))
    assert "agreed to by two persons" in operator.get(f"{HOME}{sale.pk}/change/").content.decode()
    operator.post(f"{HOME}{sale.pk}/cut/", {"reason": "go"}, follow=True)
    assert FlashUnit.objects.filter(sale=sale, state="free").count() == 3
    operator.post(f"{HOME}{sale.pk}/end-now/", {"reason": "enough"}, follow=True)
    sale.refresh_from_db()
    assert sale.state == "ended"
    assert operator.get(HOME).status_code == 200


def test_the_board_shows_what_became_of_the_units(operator: Client) -> None:
    sale = make_flash(stocked(3, price_minor=9000, cost_minor=5000), units=3)
    order_flash(sale, "ann@example.com")
    page = operator.get(f"{HOME}{sale.pk}/change/").content.decode()
    assert "to be had" in page
    assert f"/flash/{sale.slug}/" in page
    assert 'name="price_minor"' not in page


def test_support_may_look_but_neither_cut_nor_end(client: Client) -> None:
    ensure_data_key()
    sale = make_flash(stocked(3, price_minor=9000, cost_minor=5000), units=3)
    sign_in(client, make_staff("support"))
    for act in ("ask-subsidy", "cut", "end-now"):
        assert client.post(f"{HOME}{sale.pk}/{act}/", {"reason": "x"}).status_code == 403
    sale.refresh_from_db()
    assert sale.state == "live"
