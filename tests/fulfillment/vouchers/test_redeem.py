"""Using a voucher: by times, by amount, at the right place and hour, once for each nonce."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from core import clock, ledger
from core.invariants import check_all
from core.models import AuditEntry, OutboxEvent, StateChange
from core.tx import step
from fulfillment.models import (
    Clerk,
    Code,
    Entitlement,
    EntitlementBinding,
    Merchant,
    Redemption,
    RefusedScan,
    Store,
    VoucherPlace,
    VoucherTerms,
)
from fulfillment.queries.scanning import WRONG_BY_ACTOR
from fulfillment.redemption import ClerkView, Redeemed, RedeemRefused, Refusal
from fulfillment.services.redeeming.issue_voucher import reissue_voucher
from fulfillment.services.redeeming.peek import peek
from fulfillment.services.redeeming.redeem import redeem
from fulfillment.services.wallet.set_activation_terms import set_activation_terms
from fulfillment.vouchers.codes import new_code, qr_text
from risk.models import Assessment
from tests.factories.fulfillment import import_file, make_goods
from tests.factories.redemption import make_clerk, make_store, make_voucher_sku, sell_voucher

pytestmark = pytest.mark.django_db
IP = "203.0.113.7"


def use(code: str, clerk: ClerkView, nonce: str = "n1", **asked: Any) -> Redeemed:
    return redeem(code=code, clerk=clerk, nonce=nonce, ip=IP, **{"now": clock.now(), **asked})


def refused(code: str, clerk: ClerkView, nonce: str = "n1", **asked: Any) -> RedeemRefused:
    before = Redemption.objects.count()
    with pytest.raises(RedeemRefused) as caught:
        use(code, clerk, nonce, **asked)
    assert Redemption.objects.count() == before
    return caught.value


def assert_sound() -> None:
    assert [str(v) for v in check_all(now=clock.now()) if v.invariant.id[4] in "DSLAV"] == []


def test_a_voucher_is_used_once() -> None:
    store = make_store()
    clerk, sold = make_clerk(store), sell_voucher(make_voucher_sku(store))
    done = use(qr_text(sold.code), clerk)
    assert (done.uses, done.uses_left, done.uses_total, done.replayed) == (1, 0, 1, False)
    assert (done.store, done.store_en) == (store.name, store.name_en)
    assert done.undo_until == done.at + timedelta(seconds=300)
    owned = Entitlement.objects.get()
    assert (owned.state, owned.uses_left) == ("exhausted", 0)
    changes = StateChange.objects.filter(entity="entitlement", subject=owned.public_id)
    assert [(c.was, c.became, c.by) for c in changes] == [("issued", "exhausted", clerk.actor)]
    assert refused(sold.code, clerk, "n2").reason == Refusal.USED_UP
    assert_sound()


def test_the_same_nonce_gets_the_same_answer_even_when_nothing_is_left() -> None:
    store = make_store()
    clerk, sold = make_clerk(store), sell_voucher(make_voucher_sku(store, uses=3))
    first = use(sold.code, clerk, "n1")
    use(sold.code, clerk, "n2", uses=2)
    again = use(sold.code, clerk, "n1")
    assert again.replayed
    assert (again.redemption, again.uses_left, again.at) == (first.redemption, 2, first.at)
    assert Redemption.objects.count() == 2
    other = sell_voucher(make_voucher_sku(store))
    assert refused(other.code, clerk, "n1").reason == Refusal.NONCE_REUSED
    assert refused(sold.code, clerk, "n1", uses=2).reason == Refusal.NONCE_REUSED
    # Another clerk's nonces are their own.
    assert not use(other.code, make_clerk(store), "n1").replayed


def test_a_times_card_is_used_in_parts_and_never_beyond() -> None:
    store = make_store()
    clerk, sold = make_clerk(store), sell_voucher(make_voucher_sku(store, uses=10))
    assert use(sold.code, clerk, "a", uses=7).uses_left == 3
    assert Entitlement.objects.get().state == "active"
    told = refused(sold.code, clerk, "b", uses=4)
    assert told.reason == Refusal.TOO_MUCH
    assert told.sentence("en").endswith("3 uses.")
    assert use(sold.code, clerk, "c", uses=3).uses_left == 0


def test_use_by_amount() -> None:
    store = make_store()
    sku = make_voucher_sku(store, amount_minor=10_000, share_bp=8_550)
    clerk, sold = make_clerk(store), sell_voucher(sku)
    done = use(sold.code, clerk, "a", amount_minor=3_333)
    assert (done.uses, done.amount_minor, done.amount_left_minor) == (0, 3_333, 6_667)
    assert Redemption.objects.get().share_minor == 2_850  # 2849.715, half up
    assert refused(sold.code, clerk, "b", amount_minor=6_668).reason == Refusal.TOO_MUCH
    assert refused(sold.code, clerk, "b").reason == Refusal.WRONG_MEASURE
    assert use(sold.code, clerk, "c", amount_minor=6_667).amount_left_minor == 0
    assert Entitlement.objects.get().state == "exhausted"
    times = sell_voucher(make_voucher_sku(store))
    assert refused(times.code, clerk, "d", amount_minor=100).reason == Refusal.WRONG_MEASURE
    assert_sound()


def test_the_merchants_share_is_posted_and_told() -> None:
    store = make_store()
    clerk, sku = make_clerk(store), make_voucher_sku(store, uses=2, share_minor=1_500)
    sold = sell_voucher(sku, reference="ord_SHARE")
    use(sold.code, clerk, uses=2)
    account = f"merchant_payable:{store.merchant.code}"
    assert ledger.balance(account, subject="ord_SHARE") == -3_000
    assert ledger.balance("cogs", subject="ord_SHARE") == 3_000
    told = OutboxEvent.objects.get(topic="fulfillment.Redeemed").payload
    assert told["share_minor"] == 3_000
    assert (told["channel"], told["owner"]) == ("main", "usr_OWNER")
    assert (told["merchant"], told["store"]) == (store.merchant.public_id, store.public_id)
    row = Redemption.objects.get()
    assert (row.reference, row.channel, told["redemption"]) == ("ord_SHARE", "main", row.public_id)


def test_without_a_share_nothing_is_posted() -> None:
    store = make_store()
    use(sell_voucher(make_voucher_sku(store)).code, make_clerk(store))
    assert ledger.balance(f"merchant_payable:{store.merchant.code}") == 0


def test_only_at_its_merchant_and_store() -> None:
    here = make_store()
    sister, stranger = make_store(here.merchant), make_store()
    sold = sell_voucher(make_voucher_sku(here))
    assert refused(sold.code, make_clerk(sister)).reason == Refusal.WRONG_STORE
    assert refused(sold.code, make_clerk(stranger)).reason == Refusal.WRONG_MERCHANT
    VoucherPlace.objects.create(terms=VoucherTerms.objects.get(), merchant=here.merchant)
    assert use(sold.code, make_clerk(sister)).uses_left == 0


def test_the_stores_own_row_rules_over_its_merchants() -> None:
    store = make_store()
    sku = make_voucher_sku(store, uses=2, share_minor=700)
    terms = VoucherTerms.objects.get()
    VoucherPlace.objects.create(terms=terms, merchant=store.merchant, share_minor=500)
    sold, sister = sell_voucher(sku), make_store(store.merchant)
    use(sold.code, make_clerk(store))
    use(sold.code, make_clerk(sister))
    assert list(Redemption.objects.order_by("id").values_list("share_minor", flat=True)) == [
        700,
        500,
    ]


def test_goods_without_terms_are_taken_nowhere() -> None:
    sold = sell_voucher(make_goods("voucher"))
    assert Entitlement.objects.get().uses_left == 1
    assert refused(sold.code, make_clerk(make_store())).reason == Refusal.WRONG_MERCHANT


def test_expired_and_not_yet_valid() -> None:
    store, now = make_store(), clock.now()
    clerk = make_clerk(store)
    days = {"validity_kind": "from_purchase", "validity_days": 30}
    sold = sell_voucher(make_voucher_sku(store, sku_fields=days, starts_after_days=1))
    told = refused(sold.code, clerk)
    tomorrow = timezone.localdate(now) + timedelta(days=1)
    assert told.reason == Refusal.NOT_YET_VALID
    assert tomorrow.isoformat() in told.sentence("en")
    told = refused(sold.code, clerk, now=now + timedelta(days=32))
    assert told.reason == Refusal.EXPIRED
    assert (timezone.localdate(now) + timedelta(days=30)).isoformat() in told.sentence("zh-hans")
    assert use(sold.code, clerk, now=now + timedelta(days=2)).uses_left == 0


def test_a_fixed_window_begins_on_its_first_day() -> None:
    first = timezone.localdate() + timedelta(days=5)
    store = make_store()
    fields = {"validity_kind": "window", "valid_from": first, "valid_until": first}
    sold = sell_voucher(make_voucher_sku(store, sku_fields=fields))
    owned, clerk = sold.entitlement, make_clerk(store)
    assert timezone.localdate(owned.valid_from) == first
    assert refused(sold.code, clerk).reason == Refusal.NOT_YET_VALID
    assert owned.valid_until is not None
    last = owned.valid_until - timedelta(seconds=1)
    assert refused(sold.code, clerk, now=owned.valid_until).reason == Refusal.EXPIRED
    assert use(sold.code, clerk, now=last).uses_left == 0


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(hour, minute)))


def test_outside_its_hours() -> None:
    store = make_store()
    sku = make_voucher_sku(store, uses=9, weekdays="12345", opens_at=time(9), closes_at=time(17))
    clerk, sold = make_clerk(store), sell_voucher(sku, now=at(date(2031, 1, 1), 0))
    monday, sunday = date(2031, 3, 3), date(2031, 3, 2)
    told = refused(sold.code, clerk, now=at(sunday, 12))
    assert told.reason == Refusal.OUTSIDE_HOURS
    assert "Mon to Fri 09:00–17:00" in told.sentence("en")
    assert "周一至周五 09:00–17:00" in told.sentence("zh-hans")
    assert refused(sold.code, clerk, now=at(monday, 17)).reason == Refusal.OUTSIDE_HOURS
    assert refused(sold.code, clerk, now=at(monday, 8, 59)).reason == Refusal.OUTSIDE_HOURS
    assert use(sold.code, clerk, now=at(monday, 9)).uses_left == 8


def test_hours_over_midnight_belong_to_the_evening() -> None:
    store = make_store()
    sku = make_voucher_sku(store, uses=9, weekdays="5", opens_at=time(22), closes_at=time(2))
    clerk, sold = make_clerk(store), sell_voucher(sku, now=at(date(2031, 1, 1), 0))
    friday = date(2031, 3, 7)
    use(sold.code, clerk, "a", now=at(friday, 23))
    use(sold.code, clerk, "b", now=at(friday + timedelta(days=1), 1, 59))
    for moment in (at(friday, 1), at(friday, 12), at(friday + timedelta(days=1), 2),
                   at(friday + timedelta(days=1), 23)):  # fmt: skip
        assert refused(sold.code, clerk, "c", now=moment).reason == Refusal.OUTSIDE_HOURS


def test_revoked_given_and_replaced() -> None:
    store = make_store()
    clerk, sku = make_clerk(store), make_voucher_sku(store, uses=5)
    revoked, given, replaced = (sell_voucher(sku) for _ in range(3))
    Entitlement.objects.filter(pk=revoked.entitlement.pk).update(state="revoked")
    Entitlement.objects.filter(pk=given.entitlement.pk).update(given_at=clock.now())
    with step():
        fresh = reissue_voucher(entitlement=replaced.entitlement, now=clock.now())
    assert fresh is not None
    assert fresh.number == 2
    assert refused(revoked.code, clerk).reason == Refusal.REVOKED
    assert refused(given.code, clerk).reason == Refusal.GIVEN
    assert refused(replaced.code, clerk).reason == Refusal.REPLACED


def test_what_must_be_activated_is_used_after_that() -> None:
    store = make_store()
    clerk, sku = make_clerk(store), make_voucher_sku(store, uses=2)
    set_activation_terms(
        sku_id=sku.pk, binding="phone", activations=1, by="user:usr_T", now=clock.now()
    )
    sold = sell_voucher(sku)
    assert refused(sold.code, clerk).reason == Refusal.INACTIVE
    EntitlementBinding.objects.create(
        entitlement=sold.entitlement, number=1, kind="phone", value_index=b"x" * 32,
        by="user:usr_OWNER", at=clock.now(),
    )  # fmt: skip
    assert use(sold.code, clerk).uses_left == 1


def test_a_clerk_switched_off_stops_at_once() -> None:
    store = make_store()
    clerk, sold = make_clerk(store), sell_voucher(make_voucher_sku(store))
    Clerk.objects.update(is_active=False)
    assert refused(sold.code, clerk).reason == Refusal.CLERK_OFF
    Clerk.objects.update(is_active=True)
    Store.objects.update(is_active=False)
    assert refused(sold.code, clerk).reason == Refusal.STORE_OFF
    Store.objects.update(is_active=True)
    Merchant.objects.update(is_active=False)
    assert refused(sold.code, clerk).reason == Refusal.STORE_OFF


def test_a_clerk_cannot_speak_for_another_store() -> None:
    here, there = make_store(), make_store()
    sold, clerk = sell_voucher(make_voucher_sku(there)), make_clerk(here)
    posing = ClerkView(**{**{f: getattr(clerk, f) for f in ClerkView.__slots__},
                          "store_pk": there.pk, "merchant_pk": there.merchant_id})  # fmt: skip
    assert refused(sold.code, posing).reason == Refusal.CLERK_OFF


def test_guessing_is_stopped_and_traced() -> None:
    store = make_store()
    clerk, sold = make_clerk(store), sell_voucher(make_voucher_sku(store, uses=2))
    for _ in range(WRONG_BY_ACTOR):
        assert refused(new_code(), clerk).reason == Refusal.UNKNOWN_CODE
    told = refused(new_code(), clerk)
    assert told.reason == Refusal.LIMITED
    assert "minutes" in told.sentence("en")
    # Right codes wait as well; a colleague is not stopped.
    assert refused(sold.code, clerk).reason == Refusal.LIMITED
    with pytest.raises(RedeemRefused):
        peek(code=sold.code, clerk=clerk, ip=IP, now=clock.now())
    assert use(sold.code, make_clerk(store)).uses_left == 1
    assert Assessment.objects.filter(point="redeem", subject=clerk.actor).count() == WRONG_BY_ACTOR
    assert RefusedScan.objects.filter(actor=clerk.actor).count() == WRONG_BY_ACTOR
    # The hour over, scanning goes on.
    assert use(sold.code, clerk, "n9", now=clock.now() + timedelta(hours=1)).uses_left == 0


def test_misread_codes_stop_nobody() -> None:
    store = make_store()
    clerk, sold = make_clerk(store), sell_voucher(make_voucher_sku(store))
    for _ in range(WRONG_BY_ACTOR + 2):
        assert refused(sold.code[:-1], clerk).reason == Refusal.MALFORMED
    assert use(sold.code, clerk).uses_left == 0


def test_a_code_shown_before_it_was_sold_is_a_leak() -> None:
    store = make_store()
    clerk = make_clerk(store)
    import_file(make_goods(), b"10000000000000001 SECRET-AAAA-0001\n")
    assert refused("10000000000000001 SECRET-AAAA-0001", clerk).reason == Refusal.MALFORMED
    entry = AuditEntry.objects.get(tag="codes:leaked")
    assert entry.subject == str(Code.objects.get().pk)
    assert (entry.by, entry.after) == (
        clerk.actor,
        {"store": store.public_id, "state": "available"},
    )


def test_peek_tells_and_changes_nothing() -> None:
    store = make_store()
    clerk, sold = make_clerk(store), sell_voucher(make_voucher_sku(store, uses=4))
    seen = peek(code=sold.code, clerk=clerk, ip=IP, now=clock.now())
    assert (seen.uses_left, seen.uses_total, seen.amount_left_minor) == (4, 4, None)
    assert seen.masked.endswith(sold.code[-4:])
    assert sold.code[:8] not in repr(seen)
    assert Redemption.objects.count() == 0
    with pytest.raises(RedeemRefused) as caught:
        peek(code=new_code(), clerk=clerk, ip=IP, now=clock.now())
    assert caught.value.reason == Refusal.UNKNOWN_CODE


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_reason_is_a_sentence(language: str) -> None:
    details = {"day": "2031-01-01", "hours": "9–17", "moment": "now", "left": "3", "minutes": 5,
               "measure": "by amount"}  # fmt: skip
    for reason in Refusal:
        said = RedeemRefused(reason, **details).sentence(language)
        assert said.endswith((".", "。"))
        assert "%" not in said
        assert (said[-1] == "。") == (language == "zh-hans")


@pytest.mark.parametrize("asked", [{"uses": 0}, {"uses": -1}, {"amount_minor": 0}])
def test_nothing_is_no_use(asked: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="nothing"):
        use(new_code(), make_clerk(make_store()), **asked)


@pytest.mark.parametrize("nonce", ["", "x" * 65])
def test_a_nonce_has_its_length(nonce: str) -> None:
    with pytest.raises(ValueError, match="nonce"):
        use(new_code(), make_clerk(make_store()), nonce)
