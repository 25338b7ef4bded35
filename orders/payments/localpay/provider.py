"""localpay behind our seam: translation tables and checks, no state."""

from collections.abc import Mapping
from datetime import date, datetime
from urllib.parse import urlencode

from django.conf import settings
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from core.ids import new_token
from core.reconciliation.values import Fetched, Unavailable
from orders.payments.base import (
    About,
    Answer,
    NotBelieved,
    PageRequest,
    RefundAnswer,
    RefundRequest,
    Return,
    Standing,
    Told,
)
from orders.payments.localpay import bill, client, signing
from orders.payments.localpay.forms import read_params
from orders.payments.localpay.mandates import LocalpayMandates
from orders.payments.localpay.words import AMOUNT, NUMBER, PAYMENT_STATUS

# Answers about a refund that are listed as definite; anything else is unknown.
REFUND_STATUS = {
    "PROCESSING": Return.PROCESSING,
    "SUCCESS": Return.SUCCEEDED,
    "FAILED": Return.FAILED,
}
REFUND_REFUSED = {"REFUND_EXCEEDS", "REFUND_CONFLICT", "CURRENCY_MISMATCH", "PAYMENT_NOT_PAID"}
NOTICE_STATUS = {
    ("payment.notice", "SUCCESS"): "succeeded",
    ("payment.notice", "CLOSED"): "closed",
    ("refund.notice", "REFUND_SUCCESS"): "succeeded",
    ("refund.notice", "REFUND_FAILED"): "failed",
}


class LocalpayProvider:
    code = "localpay"
    title = _("Local payment")
    text = _("The gateway for trying the shop; no real money moves.")
    instant = False
    mandates = LocalpayMandates()

    def page_url(self, request: PageRequest, *, now: datetime) -> str:
        signed = signing.sign(
            {
                "service": "pay.page",
                "merchant_id": settings.LOCALPAY_MERCHANT,
                "number": request.number,
                "timestamp": str(int(now.timestamp())),
                "nonce": new_token(),
                "amount_minor": str(request.amount_minor),
                "currency": request.currency,
                "subject": request.subject[:128],
                "notify_url": request.notify_url,
                "return_url": request.return_url,
                "expires_at": localtime(request.expires_at).isoformat(timespec="seconds"),
            },
            signing.keys(),
        )
        return f"{settings.LOCALPAY_URL.rstrip('/')}/pay?{urlencode(signed)}"

    def read_notice(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> Told:
        params = read_params(body, headers.get("Content-Type", ""))
        wrong = signing.verdict(params, signing.keys())
        if wrong:
            raise NotBelieved(wrong)
        return _told(params, now)

    def reply(self, *, done: bool) -> tuple[str, str]:
        return ("success" if done else "fail", "text/plain")

    def query(self, number: str, *, now: datetime) -> Answer:
        return _ask_payment("/api/query", "pay.query", number, now)

    def close(self, number: str, *, now: datetime) -> Answer:
        return _ask_payment("/api/close", "pay.close", number, now)

    def refund(self, request: RefundRequest, *, now: datetime) -> RefundAnswer:
        params = {
            "number": request.number,
            "refund_number": request.refund_number,
            "amount_minor": str(request.amount_minor),
            "currency": request.currency,
            "reason": request.reason[:128],
            "notify_url": request.notify_url,
        }
        return _ask_refund("/api/refund", "refund.create", params, now)

    def query_refund(self, refund_number: str, *, now: datetime) -> RefundAnswer:
        params = {"refund_number": refund_number}
        return _ask_refund("/api/refund_query", "refund.query", params, now)

    def bill(self, day: date, *, now: datetime) -> Fetched:
        try:
            return bill.read(client.fetch_bill(day.isoformat(), now=now))
        except client.Unanswered as error:
            raise Unavailable(str(error)) from error

    def read_bill(self, raw: bytes) -> Fetched:
        return bill.read(raw)

    def fee_minor(self, amount_minor: int) -> int | None:
        bps: int = settings.LOCALPAY_FEE_BPS
        return (amount_minor * bps + 5000) // 10000


def _told(params: Mapping[str, str], now: datetime) -> Told:
    service = params.get("service", "")
    status = NOTICE_STATUS.get((service, params.get("status", "")))
    amount, number = params.get("amount_minor", ""), params.get("number", "")
    if params.get("merchant_id") != settings.LOCALPAY_MERCHANT:
        raise NotBelieved("wrong_merchant")
    if status is None or not AMOUNT.fullmatch(amount) or not NUMBER.fullmatch(number):
        raise NotBelieved("malformed")
    notice_id, txn = params.get("notice_id", ""), params.get("txn", "")
    refund_txn = params.get("refund_txn", "")
    if not notice_id or max(len(notice_id), len(txn), len(refund_txn)) > 64:  # noqa: PLR2004
        raise NotBelieved("malformed")
    is_refund = service == "refund.notice"
    # Money that came has a number at the gateway; without it nothing could be compared later.
    if status == "succeeded" and not is_refund and not txn:
        raise NotBelieved("malformed")
    return Told(
        about=About.REFUND if is_refund else About.PAYMENT,
        notice_id=notice_id,
        number=number,
        refund_number=params.get("refund_number", "")[:32],
        amount_minor=int(amount),
        currency=params.get("currency", "")[:3],
        txn=refund_txn if is_refund else txn,
        status=status,
        stale=not client.fresh(params.get("timestamp", ""), now),
    )


def _ask_payment(path: str, service: str, number: str, now: datetime) -> Answer:
    try:
        reply = client.call(path, service, {"number": number}, now=now)
    except client.Unanswered as error:
        return Answer(Standing.UNKNOWN, why=str(error)[:200])
    code = reply.get("code", "")
    if code == "PAYMENT_NOT_EXIST":
        return Answer(Standing.ABSENT)
    amount = reply.get("amount_minor", "")
    status = PAYMENT_STATUS.get(reply.get("status", ""), Standing.UNKNOWN)
    if code not in {"OK", "PAYMENT_PAID"} or reply.get("number") != number:
        return Answer(Standing.UNKNOWN, why=code[:200])
    if status == Standing.SUCCEEDED and not (AMOUNT.fullmatch(amount) and reply.get("txn")):
        return Answer(Standing.UNKNOWN, why="paid without an amount or a number")
    return Answer(
        status,
        int(amount) if AMOUNT.fullmatch(amount) else None,
        reply.get("currency", "")[:3],
        reply.get("txn", "")[:64],
    )


def _ask_refund(path: str, service: str, params: Mapping[str, str], now: datetime) -> RefundAnswer:
    try:
        reply = client.call(path, service, params, now=now)
    except client.Unanswered as error:
        return RefundAnswer(Return.UNKNOWN, why=str(error)[:200], not_sent=error.not_sent)
    code = reply.get("code", "")
    if code == "REFUND_NOT_EXIST":
        return RefundAnswer(Return.ABSENT)
    if code in REFUND_REFUSED:
        return RefundAnswer(Return.FAILED, why=code)
    amount = reply.get("amount_minor", "")
    if code != "OK" or reply.get("refund_number") != params["refund_number"]:
        return RefundAnswer(Return.UNKNOWN, why=code[:200])
    return RefundAnswer(
        REFUND_STATUS.get(reply.get("status", ""), Return.UNKNOWN),
        int(amount) if AMOUNT.fullmatch(amount) else None,
        reply.get("currency", "")[:3],
        reply.get("refund_txn", "")[:64],
    )


provider = LocalpayProvider()
