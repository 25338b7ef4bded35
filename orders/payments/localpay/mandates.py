"""Mandates and charges of localpay behind our seam (docs/protocols/localpay.md, section 8)."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings
from django.utils.timezone import localtime

from core.ids import new_token
from orders.payments.base import NotBelieved
from orders.payments.localpay import client, signing
from orders.payments.localpay.forms import read_params
from orders.payments.localpay.words import (
    AMOUNT,
    CHARGE_REFUSED,
    MANDATE_STATUS,
    NUMBER,
    PAYMENT_STATUS,
)
from orders.payments.mandates import (
    Agreement,
    ChargeAnswer,
    ChargeRequest,
    Failure,
    MandateAnswer,
    MandateRequest,
)
from orders.payments.standing import Standing


class LocalpayMandates:
    """See orders.payments.mandates.Mandates."""

    def page_url(self, request: MandateRequest, *, now: datetime) -> str:
        signed = signing.sign(
            {
                "service": "mandate.page",
                "merchant_id": settings.LOCALPAY_MERCHANT,
                "number": request.number,
                "timestamp": str(int(now.timestamp())),
                "nonce": new_token(),
                "limit_minor": str(request.limit_minor),
                "currency": request.currency,
                "subject": request.subject[:128],
                "notify_url": request.notify_url,
                "return_url": request.return_url,
                "expires_at": localtime(request.expires_at).isoformat(timespec="seconds"),
            },
            signing.keys(),
        )
        return f"{settings.LOCALPAY_URL.rstrip('/')}/mandate?{urlencode(signed)}"

    def query(self, number: str, *, now: datetime) -> MandateAnswer:
        return _ask("/api/mandate_query", "mandate.query", number, now)

    def end(self, number: str, *, now: datetime) -> MandateAnswer:
        return _ask("/api/mandate_end", "mandate.end", number, now)

    def charge(self, request: ChargeRequest, *, now: datetime) -> ChargeAnswer:
        params = {
            "number": request.number,
            "mandate": request.mandate,
            "amount_minor": str(request.amount_minor),
            "currency": request.currency,
            "subject": request.subject[:128],
            "notify_url": request.notify_url,
        }
        try:
            reply = client.call("/api/charge", "mandate.charge", params, now=now)
        except client.Unanswered as error:
            return ChargeAnswer(Standing.UNKNOWN, why=str(error)[:200])
        return _charged(reply, request.number)

    def read_notice(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> str:
        params = read_params(body, headers.get("Content-Type", ""))
        wrong = signing.verdict(params, signing.keys())
        if wrong:
            raise NotBelieved(wrong)
        if params.get("merchant_id") != settings.LOCALPAY_MERCHANT:
            raise NotBelieved("wrong_merchant")
        number = params.get("number", "")
        if params.get("service") != "mandate.notice" or not NUMBER.fullmatch(number):
            raise NotBelieved("malformed")
        if not client.fresh(params.get("timestamp", ""), now):
            raise NotBelieved("stale")
        return number


def _charged(reply: Mapping[str, str], number: str) -> ChargeAnswer:
    """A refusal by a listed code is definite; a success has an amount and a number of theirs."""
    code, amount = reply.get("code", ""), reply.get("amount_minor", "")
    if code in CHARGE_REFUSED:
        return ChargeAnswer(Standing.CLOSED, failure=CHARGE_REFUSED[code], why=code)
    standing = PAYMENT_STATUS.get(reply.get("status", ""), Standing.UNKNOWN)
    if code != "OK" or reply.get("number") != number:
        return ChargeAnswer(Standing.UNKNOWN, why=code[:200])
    if standing == Standing.SUCCEEDED and not (AMOUNT.fullmatch(amount) and reply.get("txn")):
        return ChargeAnswer(Standing.UNKNOWN, why="paid without an amount or a number")
    return ChargeAnswer(
        standing,
        int(amount) if AMOUNT.fullmatch(amount) else None,
        reply.get("currency", "")[:3],
        reply.get("txn", "")[:64],
        CHARGE_REFUSED.get(reply.get("failure", ""), Failure.NONE),
    )


def _ask(path: str, service: str, number: str, now: datetime) -> MandateAnswer:
    try:
        reply = client.call(path, service, {"number": number}, now=now)
    except client.Unanswered as error:
        return MandateAnswer(Agreement.UNKNOWN, why=str(error)[:200])
    code, limit = reply.get("code", ""), reply.get("limit_minor", "")
    if code == "MANDATE_NOT_EXIST":
        return MandateAnswer(Agreement.ABSENT)
    if code != "OK" or reply.get("number") != number:
        return MandateAnswer(Agreement.UNKNOWN, why=code[:200])
    return MandateAnswer(
        MANDATE_STATUS.get(reply.get("status", ""), Agreement.UNKNOWN),
        int(limit) if AMOUNT.fullmatch(limit) else None,
        reply.get("currency", "")[:3],
        reply.get("agreement", "")[:64],
    )
