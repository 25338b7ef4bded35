"""Setting up merchants, stores, clerks, tills and terms; reading and undoing what was redeemed."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from core import clock
from core.desk import TASKS
from core.models import Approval, AuditEntry
from fulfillment.models import (
    Clerk,
    Merchant,
    Redemption,
    RefusedScan,
    Store,
    TillKey,
    VoucherPlace,
    VoucherTerms,
)
from fulfillment.queries.clerks import clerk_of
from fulfillment.redemption import RedeemRefused
from fulfillment.services.redeeming.make_till import open_secret
from fulfillment.services.redeeming.redeem import redeem
from fulfillment.vouchers.codes import new_code
from tests.factories.accounts import make_staff, make_user
from tests.factories.fulfillment import make_goods
from tests.factories.redemption import make_clerk, make_store, make_voucher_sku, sell_voucher

pytestmark = pytest.mark.django_db


def signed_in(*roles: str) -> Client:
    client = Client()
    client.force_login(make_staff(*roles))
    return client


def inline(prefix: str, *rows: dict[str, Any], initial: int = 0) -> dict[str, Any]:
    data: dict[str, Any] = {
        f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": initial,
        f"{prefix}-MIN_NUM_FORMS": 0, f"{prefix}-MAX_NUM_FORMS": 1000,
    }  # fmt: skip
    for number, row in enumerate(rows):
        data |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return data


def post(client: Client, page: str, /, *args: Any, **data: Any) -> Any:
    return client.post(reverse(f"admin:fulfillment_{page}", args=args), data)


def errors(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


def test_from_a_merchant_to_a_clerk_who_scans() -> None:
    client = signed_in("operator")
    stores = inline(
        "stores", {"code": "west", "name": "西门店", "name_en": "West", "is_active": "on"}
    )
    data = {"name": "茶铺", "name_en": "Tea House", "code": "tea", "is_active": "on", **stores}
    assert post(client, "merchant_add", **data).status_code == 302
    store = Store.objects.get()
    assert (store.merchant.code, store.created_at.date()) == ("tea", clock.now().date())
    person = make_user(email="mei@example.com", display_name="小梅")
    clerks = inline("clerks", {"person": "Mei@example.com", "role": "clerk", "is_active": "on"})
    row = {"name": "西门店", "name_en": "West", "address": "", "is_active": "on", **clerks}
    assert post(client, "store_change", store.pk, **row).status_code == 302
    clerk = Clerk.objects.get()
    assert (clerk.user, clerk.name) == (person.public_id, "小梅")
    sku = make_goods("voucher")
    places = inline("places", {"merchant": store.merchant_id, "store": "", "share_minor": "8.50",
                               "share_bp": "0"})  # fmt: skip
    terms = {
        "sku": sku.pk, "uses_total": "3", "amount_minor": "", "starts_after_days": "0",
        "weekdays": ["1", "2", "3", "4", "5", "6", "7"], "opens_at": "", "closes_at": "",
        "undo_seconds": "120", **places,
    }  # fmt: skip
    assert post(client, "voucherterms_add", **terms).status_code == 302
    assert VoucherPlace.objects.get().share_minor == 850
    sold = sell_voucher(sku)
    view = clerk_of(person.public_id)
    assert view is not None
    done = redeem(code=sold.code, clerk=view, nonce="n", ip="", now=clock.now())
    assert done.uses_left == 2
    told = AuditEntry.objects.filter(tag__in=["merchants:saved", "vouchers:terms"])
    assert told.count() == 3
    assert Redemption.objects.get().share_minor == 850
    for name, text in (("redemption", "茶铺"), ("merchant", "8.50"), ("voucherterms", sku.code)):
        listed = client.get(reverse(f"admin:fulfillment_{name}_changelist"))
        assert text in listed.content.decode() or name == "redemption"
        assert listed.status_code == 200


def test_who_has_no_account_is_no_clerk() -> None:
    client, store = signed_in("operator"), make_store()
    row = {"name": store.name, "name_en": store.name_en, "address": "", "is_active": "on"}
    for person in ("nobody@example.com", "usr_0000000000000000", "13800138000"):
        clerks = inline("clerks", {"person": person, "role": "clerk", "is_active": "on"})
        answer = post(client, "store_change", store.pk, **row, **clerks)
        assert "Nobody has an account" in errors(answer) or "没有" in errors(answer)
    assert not Clerk.objects.exists()


def test_one_person_stands_once_at_a_store() -> None:
    client, store = signed_in("operator"), make_store()
    person = make_user(email="mei@example.com")
    make_clerk(store, user=person.public_id)
    known = Clerk.objects.get()
    row = {"name": store.name, "name_en": store.name_en, "address": "", "is_active": "on"}
    clerks = inline(
        "clerks",
        {"id": known.pk, "store": store.pk, "name": "", "role": "clerk", "is_active": "on"},
        {"person": "mei@example.com", "role": "lead", "is_active": "on"}, initial=1,
    )  # fmt: skip
    assert post(client, "store_change", store.pk, **row, **clerks).status_code == 200
    assert Clerk.objects.count() == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"uses_total": "", "amount_minor": ""},
        {"uses_total": "3", "amount_minor": "50.00"},
        {"opens_at": "09:00", "closes_at": ""},
        {"opens_at": "09:00", "closes_at": "09:00"},
        {"weekdays": []},
        {"weekdays": ["8"]},
        {"amount_minor": "-5"},
    ],
)
def test_terms_that_make_no_sense_are_told(changed: dict[str, Any]) -> None:
    data = {
        "sku": make_goods("voucher").pk, "uses_total": "1", "amount_minor": "",
        "starts_after_days": "0", "weekdays": ["1"], "opens_at": "", "closes_at": "",
        "undo_seconds": "300", **inline("places"), **changed,
    }  # fmt: skip
    assert "errornote" in errors(post(signed_in("operator"), "voucherterms_add", **data))
    assert not VoucherTerms.objects.exists()


def test_terms_are_for_vouchers_and_places_for_their_merchant() -> None:
    client, here, there = signed_in("operator"), make_store(), make_store()
    base = {
        "uses_total": "1", "amount_minor": "", "starts_after_days": "0", "weekdays": ["1"],
        "opens_at": "", "closes_at": "", "undo_seconds": "300",
    }  # fmt: skip
    answer = post(
        client, "voucherterms_add", sku=make_goods("topup").pk, **base, **inline("places")
    )
    assert answer.status_code == 200
    mixed = inline("places", {"merchant": here.merchant_id, "store": there.pk, "share_minor": "0",
                              "share_bp": "0"})  # fmt: skip
    answer = post(client, "voucherterms_add", sku=make_goods("voucher").pk, **base, **mixed)
    assert answer.status_code == 200
    assert not VoucherTerms.objects.exists()


def test_a_tills_secret_is_shown_once_and_kept_nowhere_in_clear() -> None:
    client, store = signed_in("operator"), make_store()
    answer = post(client, "till_make", store=store.pk, name="收银一", addresses="10.0.0.7/24")
    made = TillKey.objects.get()
    secret = open_secret(made.public_id, made.secret).decode()
    text = answer.content.decode()
    assert secret in text
    assert made.public_id in text
    assert "no-store" in answer.headers["Cache-Control"]
    assert (made.addresses, made.store) == ("10.0.0.0/24", store)
    assert secret not in str(list(client.session.items()))
    assert secret.encode() not in bytes(made.secret)
    page = client.get(reverse("admin:fulfillment_tillkey_change", args=[made.pk]))
    assert secret not in page.content.decode()
    assert secret not in str(list(AuditEntry.objects.values()))
    assert post(client, "till_make", store=store.pk, name="x", addresses="here").status_code == 200
    assert TillKey.objects.count() == 1
    assert post(client, "tillkey_end", made.pk).status_code == 302
    made.refresh_from_db()
    assert not made.is_active


def test_only_whose_role_it_is() -> None:
    store = make_store()
    for role in ("support", "finance", "auditor"):
        client = signed_in(role)
        assert post(client, "till_make", store=store.pk, name="x", addresses="").status_code == 403
        assert post(client, "merchant_add").status_code == 403
        assert post(client, "voucherterms_add").status_code == 403
    assert not TillKey.objects.exists()
    assert Merchant.objects.count() == 1


def test_an_undo_is_asked_for_in_the_back_office() -> None:
    store = make_store()
    sold = sell_voucher(make_voucher_sku(store))
    redeem(code=sold.code, clerk=make_clerk(store), nonce="n", ip="", now=clock.now())
    row, client = Redemption.objects.get(), signed_in("support")
    assert post(client, "redemption_undo", row.pk, why="wrong guest").status_code == 302
    assert Approval.objects.get(action="redemptions.undo").subject == row.public_id
    assert Redemption.objects.count() == 1
    assert post(signed_in("finance"), "redemption_undo", row.pk, why="x").status_code == 403


def test_codes_are_never_on_a_page() -> None:
    store = make_store()
    clerk, sold = make_clerk(store), sell_voucher(make_voucher_sku(store, uses=3))
    redeem(code=sold.code, clerk=clerk, nonce="n", ip="", now=clock.now())
    with pytest.raises(RedeemRefused):
        redeem(code=sold.code, clerk=clerk, uses=9, nonce="m", ip="", now=clock.now())
    client = signed_in("owner")
    row, refused = Redemption.objects.get(), RefusedScan.objects.get()
    for address in (
        reverse("admin:fulfillment_redemption_changelist"),
        reverse("admin:fulfillment_redemption_change", args=[row.pk]),
        reverse("admin:fulfillment_refusedscan_changelist"),
        reverse("admin:fulfillment_refusedscan_change", args=[refused.pk]),
    ):
        text = client.get(address).content.decode()
        assert sold.code[-4:] in text
        assert sold.code[:6] not in text
        assert sold.code[7:13] not in text


def count(task: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(TASKS.get(task).sql, {"now": clock.now()})
        return int(cursor.fetchone()[0])


def test_guessing_and_homeless_vouchers_stand_on_the_front_page() -> None:
    store = make_store()
    clerk = make_clerk(store)
    for _ in range(10):
        with pytest.raises(RedeemRefused):
            redeem(code=new_code(), clerk=clerk, nonce="n", ip="", now=clock.now())
    assert count("fulfillment.guessing") == 10
    clock.move(timedelta(hours=2).total_seconds())
    assert count("fulfillment.guessing") == 0
    assert count("fulfillment.nowhere") == 0
    sku = make_goods("voucher")
    sku.product.state = "on_sale"
    sku.product.save()
    assert count("fulfillment.nowhere") == 1
