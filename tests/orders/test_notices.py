"""Where providers call us: over the real view, with the gateway's own keys and forgeries."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from core import clock
from core.models import Journal
from fulfillment.models import CodeIssue
from orders.models import Notice, Order, Payment
from orders.services.process_notices import process_notices
from orders.services.start_payment import start_payment
from orders.states import OrderState
from simulators.localpay.forging import KINDS
from simulators.localpay.script import Gateway
from tests.factories.orders import (
    gateway_signer,
    make_order,
    notice_body,
    notice_fields,
    pay,
    payment_of,
    stocked,
)

pytestmark = pytest.mark.django_db
URL = "/pay/localpay/notice/"
FORM = "application/x-www-form-urlencoded"

# What must stand in the row for each forgery of the gateway's catalogue (docs/protocols/localpay.md).
EXPECTED = {
    "bad_signature": ("bad_signature", "rejected", 400),
    "no_signature": ("bad_signature", "rejected", 400),
    "other_key": ("unknown_key", "rejected", 400),
    "stolen_key_id": ("bad_signature", "rejected", 400),
    "sha1": ("bad_signature", "rejected", 400),
    "sign_type": ("bad_algorithm", "rejected", 400),
    "other_merchant": ("wrong_merchant", "quarantined", 409),
    "other_order": ("unknown_number", "quarantined", 404),
    "other_amount": ("wrong_amount", "quarantined", 409),
    "other_currency": ("wrong_currency", "quarantined", 409),
    "old": ("stale", "rejected", 409),
    "future": ("stale", "rejected", 409),
    "malformed": ("malformed", "rejected", 400),
    "huge": ("too_large", "rejected", 413),
    "not_utf8": ("malformed", "rejected", 400),
    "duplicate_fields": ("malformed", "rejected", 400),
}


@pytest.fixture
def order() -> Order:
    return make_order(stocked(1))


def post(body: bytes, content_type: str = FORM) -> Any:
    return Client(enforce_csrf_checks=True).post(URL, body, content_type=content_type)


def untouched(order: Order) -> bool:
    """Nothing has happened to the order, its payment, the books and the goods."""
    order.refresh_from_db()
    states = (order.state, payment_of(order).state)
    money = Journal.objects.filter(kind__startswith="payment").exists()
    return (
        states == ("pending_payment", "submitted") and not money and not CodeIssue.objects.exists()
    )


def test_a_genuine_notice_is_answered_after_it_was_applied(order: Order) -> None:
    answer = post(notice_body(payment_of(order)))
    assert (answer.status_code, answer.content) == (200, b"success")
    order.refresh_from_db()
    assert order.state == OrderState.DELIVERED
    notice = Notice.objects.get()
    assert (notice.verdict, notice.outcome, notice.verified) == ("genuine", "applied", True)
    assert notice.payment == payment_of(order)


def test_a_repeated_notice_is_answered_and_has_no_second_effect(order: Order) -> None:
    fields = notice_fields(payment_of(order))
    signer = gateway_signer()
    for _ in range(3):
        # Every try is signed anew, with the same id of the event.
        assert post(urlencode(signer.signed(fields)).encode()).content == b"success"
    assert Notice.objects.count() == 1
    assert Journal.objects.filter(kind="payment.succeeded").count() == 1


def test_a_second_event_about_paid_money_is_ignored(order: Order) -> None:
    post(notice_body(payment_of(order)))
    assert post(notice_body(payment_of(order))).content == b"success"
    assert list(Notice.objects.order_by("id").values_list("outcome", flat=True)) == [
        "applied",
        "ignored",
    ]


def test_it_reads_json_too(order: Order) -> None:
    import json

    signed = gateway_signer().signed(notice_fields(payment_of(order)))
    answer = post(json.dumps(signed).encode(), "application/json")
    assert answer.content == b"success"


def test_money_without_a_number_at_the_gateway_is_not_believed(order: Order) -> None:
    """It could never be found in the gateway's bill."""
    assert post(notice_body(payment_of(order), txn="")).status_code == 400
    assert Notice.objects.get().verdict == "malformed"
    assert untouched(order)


@pytest.mark.parametrize("kind", KINDS)
def test_forgeries_of_the_catalogue_have_no_effect(
    order: Order, gateway: Gateway, kind: str
) -> None:
    url = start_payment(order=order.public_id, provider="localpay", now=clock.now(), acting="guest")
    gateway.open(url)
    forged = gateway.notice(payment_of(order).number, forge=kind, status="SUCCESS")
    answer = post(forged.body, forged.headers.get("Content-Type", FORM))
    verdict, outcome, status = EXPECTED[kind]
    notice = Notice.objects.get()
    assert (notice.verdict, notice.outcome, answer.status_code) == (verdict, outcome, status)
    assert answer.content != b"success"
    assert len(bytes(notice.body)) <= 64 * 1024
    assert untouched(order)


def test_a_forgery_cannot_take_the_place_of_the_real_one(order: Order) -> None:
    payment = payment_of(order)
    fields = notice_fields(payment)
    forged = dict(gateway_signer().signed(fields)) | {"sign": "AAAA"}
    post(urlencode(forged).encode())
    assert post(urlencode(gateway_signer().signed(fields)).encode()).content == b"success"
    order.refresh_from_db()
    assert order.state == OrderState.DELIVERED


@pytest.mark.parametrize("wrong", [{"amount_minor": "1"}, {"currency": "USD"}, {"number": "NONE1"}])
def test_a_signed_error_cannot_take_the_place_of_the_real_one(
    order: Order, wrong: dict[str, str]
) -> None:
    """Found by a fault campaign: money for a closed payment, which nobody asks about, was lost."""
    fields = notice_fields(payment_of(order))
    assert post(urlencode(gateway_signer().signed(fields | wrong)).encode()).status_code >= 400
    assert post(urlencode(gateway_signer().signed(fields)).encode()).content == b"success"
    order.refresh_from_db()
    assert order.state == OrderState.DELIVERED


def test_a_stale_copy_of_what_was_applied_is_answered_as_before(order: Order) -> None:
    payment = payment_of(order)
    fields = notice_fields(payment)
    post(urlencode(gateway_signer().signed(fields)).encode())
    old = (clock.now() - timedelta(days=30)).timestamp()
    answer = post(urlencode(gateway_signer().signed(fields, at=old)).encode())
    assert (answer.status_code, answer.content) == (200, b"success")
    assert Journal.objects.filter(kind="payment.succeeded").count() == 1


# The future one drifts nearer while the test runs, so it starts well beyond.
@pytest.mark.parametrize("seconds", [-301, 330])
def test_freshness_ends_after_five_minutes_either_way(order: Order, seconds: int) -> None:
    at = clock.now() + timedelta(seconds=seconds)
    assert post(notice_body(payment_of(order), at=at)).status_code == 409
    assert untouched(order)


@pytest.mark.parametrize(
    "change",
    [
        {"amount_minor": "98.50"},
        {"amount_minor": "9850.0"},
        {"amount_minor": "1e4"},
        {"amount_minor": "-9850"},
        {"amount_minor": "９８５０"},
        {"amount_minor": ""},
        {"currency": ""},
        {"status": "success"},
        {"status": "PAID"},
        {"service": "pay.return"},
        {"service": "pay.query.reply"},
        {"service": ""},
        {"number": "p0'; drop table orders_order; --"},
        {"notice_id": ""},
        {"notice_id": "x" * 65},
        {"merchant_id": ""},
    ],
    ids=str,
)
def test_signed_nonsense_has_no_effect(order: Order, change: dict[str, Any]) -> None:
    answer = post(notice_body(payment_of(order), **change))
    assert 400 <= answer.status_code < 500
    assert untouched(order)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"=",
        b"&&&&",
        b"a=1",
        b"\x00" * 100,
        b"[" * 60_000,
        b"a=" + b"x" * 65_535,
        b"sign=1" * 5000,
    ],
    ids=lambda body: f"{body[:8]!r}x{len(body)}",
)
@pytest.mark.parametrize("content_type", [FORM, "application/json", "multipart/form-data", ""])
def test_rubbish_is_kept_and_refused(order: Order, body: bytes, content_type: str) -> None:
    answer = post(body, content_type)
    assert answer.status_code in {400, 413}
    assert Notice.objects.get().outcome == "rejected"
    assert untouched(order)


def test_a_closed_payment_is_asked_about_not_believed(order: Order) -> None:
    answer = post(notice_body(payment_of(order), status="CLOSED"))
    assert answer.content == b"success"
    assert Notice.objects.get().outcome == "ignored"
    assert untouched(order)
    due = payment_of(order).not_before
    assert due is not None
    assert due <= clock.now()


def test_an_unknown_provider_is_not_found(order: Order) -> None:
    assert Client().post("/pay/nobody/notice/", b"a=1", content_type=FORM).status_code == 404
    assert not Notice.objects.exists()


def test_the_free_provider_believes_nobody() -> None:
    free = make_order(stocked(1, price_minor=0))
    body = notice_body(payment_of(free))
    assert Client().post("/pay/free/notice/", body, content_type=FORM).status_code == 400
    assert payment_of(free).state == "submitted"


def test_a_get_is_no_notice() -> None:
    assert Client().get(URL).status_code == 405


def test_floods_of_forgeries_are_not_kept_for_ever(order: Order, monkeypatch: Any) -> None:
    from orders.services import receive_notice

    monkeypatch.setattr(receive_notice, "FORGED_AN_HOUR", 3)
    for number in range(5):
        assert post(f"a={number}".encode()).status_code == 400
    assert Notice.objects.count() == 3


def test_a_transaction_number_is_used_once(order: Order) -> None:
    pay(order, txn="TXN-1")
    other = make_order(stocked(1))
    answer = post(notice_body(payment_of(other), txn="TXN-1"))
    assert answer.status_code == 409
    assert Notice.objects.get().outcome == "quarantined"
    assert payment_of(other).state == "submitted"


def test_a_notice_that_was_kept_and_not_processed_is_taken_up(order: Order) -> None:
    from orders.queries.notices import Incoming, keep_notice

    payment, now = payment_of(order), clock.now()
    body = notice_body(payment)
    incoming = Incoming(
        provider="localpay", dedupe="id:stuck", body=body, size=len(body), ip="",
        headers={"Content-Type": FORM}, verified=True, verdict="genuine", number=payment.number,
        amount_minor=payment.amount_minor, currency=payment.currency, txn="",
    )  # fmt: skip
    assert keep_notice(incoming, now=now - timedelta(minutes=1))
    assert process_notices(now=now) == 1
    order.refresh_from_db()
    assert order.state == OrderState.DELIVERED
    assert Notice.objects.get().outcome == "applied"


def test_both_keys_are_good_while_they_are_changed(
    order: Order, settings: Any, key_files: dict[str, Any]
) -> None:
    settings.LOCALPAY_GATEWAY_PUBLIC_KEYS = [
        str(key_files["merchant_public"]), str(key_files["gateway_public"]),
    ]  # fmt: skip
    assert post(notice_body(payment_of(order))).content == b"success"


def test_a_withdrawn_key_is_unknown(order: Order, settings: Any, key_files: dict[str, Any]) -> None:
    settings.LOCALPAY_GATEWAY_PUBLIC_KEYS = [str(key_files["merchant_public"])]
    assert post(notice_body(payment_of(order))).status_code == 400
    assert Notice.objects.get().verdict == "unknown_key"


def test_the_app_cannot_change_what_came(order: Order, owner_sql: Callable[..., Any]) -> None:
    from django.db import DatabaseError, transaction

    post(notice_body(payment_of(order)))
    for change in ({"verdict": "stale"}, {"body": b"x"}, {"verified": False}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Notice.objects.update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        Notice.objects.all().delete()
    assert Payment.objects.count() == 1
