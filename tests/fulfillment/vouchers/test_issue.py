"""A voucher's code: made in the sale's transaction, sealed, revealed by the audited door, replaced, traced."""

from datetime import timedelta

import pytest

from core import clock, rotation
from core.crypto import CannotUnseal
from core.models import AuditEntry
from core.tx import step
from fulfillment.models import CodeReveal, Entitlement, TillKey, VoucherCode, VoucherTerms
from fulfillment.queries import tracing_vouchers
from fulfillment.services.open_deliveries import OpenLine, open_deliveries
from fulfillment.services.redeeming.issue_voucher import open_voucher, reissue_voucher
from fulfillment.services.redeeming.make_till import make_till, open_secret
from fulfillment.services.redeeming.redeem import redeem
from fulfillment.services.redeeming.undo_redemption import undo_redemption
from fulfillment.services.reveal import STAFF_LOOKS_A_DAY, NotRevealable, RevealLimited, reveal
from fulfillment.vouchers.codes import qr_text, read_code
from tests.factories.fulfillment import make_goods
from tests.factories.redemption import (
    code_of,
    make_clerk,
    make_store,
    make_voucher_sku,
    sell_voucher,
)

pytestmark = pytest.mark.django_db


def test_every_unit_has_a_code_of_its_own_in_the_sales_transaction() -> None:
    sku = make_voucher_sku(uses=4)
    with step():
        opened = open_deliveries(
            reference="ord_V", owner=None, channel="main", lines=[OpenLine("a", sku.pk, 30)],
            now=clock.now(),
        )  # fmt: skip
    assert len(opened.delivered) == 30
    rows = list(VoucherCode.objects.all())
    codes = {open_voucher(row.pk, row.sealed) for row in rows}
    assert len(codes) == 30
    assert all(read_code(code) for code in codes)
    assert set(Entitlement.objects.values_list("uses_total", "uses_left", "state")) == {
        (4, 4, "issued")
    }


def test_a_sale_that_is_rolled_back_leaves_no_code() -> None:
    sku = make_voucher_sku()

    @step()
    def sell_and_fail() -> None:
        open_deliveries(
            reference="ord_V", owner=None, channel="main", lines=[OpenLine("a", sku.pk, 1)],
            now=clock.now(),
        )  # fmt: skip
        raise ConnectionError

    with pytest.raises(ConnectionError):
        sell_and_fail()
    assert not VoucherCode.objects.exists()
    assert not Entitlement.objects.exists()


def test_terms_are_taken_at_the_sale() -> None:
    sku = make_voucher_sku(uses=4)
    sold = sell_voucher(sku)
    VoucherTerms.objects.update(uses_total=9)
    sold.entitlement.refresh_from_db()
    assert (sold.entitlement.uses_total, sell_voucher(sku).entitlement.uses_total) == (4, 9)


def test_the_seal_is_bound_to_its_row() -> None:
    one, other = (sell_voucher(make_goods("voucher")).entitlement for _ in range(2))
    rows = {row.entitlement_id: row for row in VoucherCode.objects.all()}
    with pytest.raises(CannotUnseal):
        open_voucher(rows[one.pk].pk, rows[other.pk].sealed)
    plain = code_of(one).replace("-", "").encode()
    assert plain not in bytes(rows[one.pk].sealed)
    assert rows[one.pk].masked == "••••" + code_of(one)[-4:]


def test_it_is_revealed_by_the_audited_door() -> None:
    sold = sell_voucher(make_voucher_sku())
    (shown,) = reveal(delivery_id=sold.delivery, by="user:usr_OWNER", ip="", now=clock.now())
    assert (shown.number, shown.secret) == ("", sold.code)
    look = CodeReveal.objects.get()
    assert (look.code, look.masked) == (None, "••••" + sold.code[-4:])
    entry = AuditEntry.objects.get(tag="codes:revealed")
    assert (entry.subject, entry.by) == (look.public_id, "user:usr_OWNER")
    assert sold.code not in str(entry.after)


def test_what_is_given_or_taken_back_is_not_shown() -> None:
    sold = sell_voucher(make_voucher_sku())
    Entitlement.objects.update(given_at=clock.now())
    with pytest.raises(NotRevealable):
        reveal(delivery_id=sold.delivery, by="x", ip="", now=clock.now())
    Entitlement.objects.update(given_at=None, moves=1)
    with pytest.raises(NotRevealable):
        reveal(delivery_id=sold.delivery, by="x", ip="", now=clock.now())
    assert reveal(delivery_id=sold.delivery, by="x", ip="", now=clock.now(), moves=1)


def test_staff_look_at_few() -> None:
    sold, now = sell_voucher(make_voucher_sku()), clock.now()
    for _ in range(STAFF_LOOKS_A_DAY):
        reveal(delivery_id=sold.delivery, by="user:usr_S", ip="", now=now, staff=True)
    with pytest.raises(RevealLimited):
        reveal(delivery_id=sold.delivery, by="user:usr_S", ip="", now=now, staff=True)


def test_a_replaced_code_is_another_and_the_only_one_shown() -> None:
    sold = sell_voucher(make_voucher_sku())
    with step():
        reissue_voucher(entitlement=sold.entitlement, now=clock.now())
    (shown,) = reveal(delivery_id=sold.delivery, by="x", ip="", now=clock.now())
    assert shown.secret != sold.code
    assert shown.secret == code_of(sold.entitlement)


def test_other_goods_have_no_code_to_replace() -> None:
    sold = sell_voucher(make_voucher_sku())
    VoucherCode.objects.update(replaced_at=clock.now())
    with step():
        assert reissue_voucher(entitlement=sold.entitlement, now=clock.now()) is None


def test_keys_rotate_under_codes_and_tills() -> None:
    sold, store = sell_voucher(make_voucher_sku()), make_store()
    made = make_till(store=store.public_id, name="t", addresses="", by="x", now=clock.now())
    rotation.new_data_key()
    while rotation.reseal_batch():
        pass
    assert code_of(sold.entitlement) == sold.code
    assert open_secret(made.key, TillKey.objects.get().secret).decode() == made.secret


def test_the_chain_of_a_voucher_is_traced() -> None:
    store = make_store()
    clerk = make_clerk(store)
    sold = sell_voucher(make_voucher_sku(store, uses=3), reference="ord_TRACE")
    now = clock.now()
    done = redeem(code=sold.code, clerk=clerk, nonce="n", ip="", now=now)
    undo_redemption(
        redemption=done.redemption, clerk=clerk, nonce="u", reason="spilled",
        now=now + timedelta(seconds=5),
    )  # fmt: skip
    with step():
        reissue_voucher(entitlement=sold.entitlement, now=clock.now())
    assert tracing_vouchers.find(done.redemption) == ["ord_TRACE"]
    assert tracing_vouchers.find(qr_text(sold.code)) == ["ord_TRACE"]
    assert tracing_vouchers.find("nothing") == []
    told = tracing_vouchers.facts("ord_TRACE")
    assert len(told) == 5
    assert any(store.name in fact.title for fact in told)
    assert any("spilled" in fact.detail for fact in told)
    assert sold.code[:6] not in str(told)
