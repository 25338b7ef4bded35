"""The API for tills: signed requests, JSON both ways, described by its own openapi.json."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Query
from ninja.errors import ValidationError
from ninja.security import APIKeyHeader

from core import clock
from fulfillment.api.words import (
    HistoryOut,
    NotAdmittedOut,
    PeekIn,
    PeekOut,
    RedeemedOut,
    RedeemIn,
    RefusedOut,
    UndoIn,
)
from fulfillment.queries.store_history import history_of
from fulfillment.redemption import ClerkView, Peeked, Redeemed, RedeemRefused, Refusal
from fulfillment.services.redeeming.admit_till import Signed, TillRefused, admit_till
from fulfillment.services.redeeming.peek import peek as peek_voucher
from fulfillment.services.redeeming.redeem import redeem as redeem_voucher
from fulfillment.services.redeeming.undo_redemption import undo_redemption
from risk.requests import client_ip

MAX_BODY = 4_096
PER_PAGE = 50
ABOUT = """
Every request carries four headers. `X-Till-Key`: the key's id (`tky_…`). `X-Till-Timestamp`: Unix seconds,
within a minute of ours. `X-Till-Nonce`: 16 to 64 characters of `A-Z a-z 0-9 _ -`, never used before.
`X-Till-Signature`: HMAC-SHA256 in hex with the key's secret over these lines, joined by a line feed: key,
method, path, query (names and values percent-encoded, sorted, joined by `&`; empty without one), SHA-256 of the
body in hex, timestamp, nonce. A runnable client is `docs/clients/till.py`.
"""


class TillSignature(APIKeyHeader):
    """Admits a signed request; `request.auth` is then the till."""

    param_name = "X-Till-Signature"

    def authenticate(self, request: HttpRequest, key: str | None) -> ClerkView | None:
        said = request.headers.get("Content-Length") or "0"
        if not (said.isascii() and said.isdigit() and int(said) <= MAX_BODY):
            raise TillRefused("unauthorized")
        signed = Signed(
            key=request.headers.get("X-Till-Key", "")[:24],
            timestamp=request.headers.get("X-Till-Timestamp", ""),
            nonce=request.headers.get("X-Till-Nonce", ""),
            signature=key or "",
            method=request.method or "",
            path=request.path,
            query=[(name, v) for name, values in request.GET.lists() for v in values],
            body=request.body,
            ip=client_ip(request),
        )
        return admit_till(request=signed, now=clock.now())


api = NinjaAPI(
    title="Quanyi till API",
    version="1",
    description=ABOUT,
    urls_namespace="fulfillment:till",
    docs_url=None,
    auth=TillSignature(),
)
REFUSED = {
    401: NotAdmittedOut,
    403: NotAdmittedOut,
    409: RefusedOut | NotAdmittedOut,
    429: RefusedOut,
}
# What a till should know by the status alone; all other refusals are 409.
STATUS = {
    Refusal.LIMITED: HTTPStatus.TOO_MANY_REQUESTS,
    Refusal.CLERK_OFF: HTTPStatus.FORBIDDEN,
    Refusal.STORE_OFF: HTTPStatus.FORBIDDEN,
}
ADMISSION = {"address": HTTPStatus.FORBIDDEN, "replayed": HTTPStatus.CONFLICT}


def _answer(request: HttpRequest, body: dict[str, Any], status: HTTPStatus) -> HttpResponse:
    answer = api.create_response(request, body, status=status)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@api.exception_handler(TillRefused)
def _not_admitted(request: HttpRequest, error: TillRefused) -> HttpResponse:
    body: dict[str, Any] = {"error": error.reason}
    if error.reason == "clock":
        body["now"] = int(clock.now().timestamp())
    return _answer(request, body, ADMISSION.get(error.reason, HTTPStatus.UNAUTHORIZED))


@api.exception_handler(RedeemRefused)
def _refused(request: HttpRequest, error: RedeemRefused) -> HttpResponse:
    sentence = {"en": error.sentence("en"), "zh": error.sentence("zh-hans")}
    body = {"error": "refused", "reason": str(error.reason), "sentence": sentence}
    return _answer(request, body, STATUS.get(error.reason, HTTPStatus.CONFLICT))


@api.exception_handler(ValidationError)
def _misspoken(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Which fields are wrong and why; never what was sent, which may hold a code."""
    wrong = [{"where": list(one["loc"]), "why": one["msg"]} for one in error.errors]
    return _answer(request, {"error": "invalid", "fields": wrong}, HTTPStatus.BAD_REQUEST)


def _till(request: HttpRequest) -> ClerkView:
    till = request.auth  # type: ignore[attr-defined]
    assert isinstance(till, ClerkView)
    return till


@api.post("/peek", response={200: PeekOut, **REFUSED}, summary="What a voucher is, unused")
def peek(request: HttpRequest, asked: PeekIn, response: HttpResponse) -> Peeked:
    response.headers["Cache-Control"] = "no-store"
    return peek_voucher(
        code=asked.code, clerk=_till(request), ip=client_ip(request), now=clock.now()
    )


@api.post("/redeem", response={200: RedeemedOut, **REFUSED}, summary="Use a voucher")
def redeem(request: HttpRequest, asked: RedeemIn, response: HttpResponse) -> Redeemed:
    response.headers["Cache-Control"] = "no-store"
    return redeem_voucher(
        code=asked.code, clerk=_till(request), uses=asked.uses, amount_minor=asked.amount_minor,
        nonce=asked.nonce, ip=client_ip(request), now=clock.now(),
    )  # fmt: skip


@api.post("/undo", response={200: RedeemedOut, **REFUSED}, summary="Take a use back")
def undo(request: HttpRequest, asked: UndoIn, response: HttpResponse) -> Redeemed:
    response.headers["Cache-Control"] = "no-store"
    return undo_redemption(
        redemption=asked.redemption, clerk=_till(request), nonce=asked.nonce,
        reason=asked.reason, now=clock.now(),
    )  # fmt: skip


@api.get("/history", response={200: HistoryOut, **REFUSED}, summary="What this store redeemed")
def history(
    request: HttpRequest,
    response: HttpResponse,
    before: str = Query("", max_length=24),
    limit: int = Query(PER_PAGE, ge=1, le=200),
) -> dict[str, Any]:
    """Newest first. What was undone stays, with the row that undid it."""
    response.headers["Cache-Control"] = "no-store"
    return history_of(_till(request), before=before, limit=limit)
