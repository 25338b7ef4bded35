"""The buyer's side: the signed link, the three buttons, and the way back."""

import hmac
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from simulators import clock, line
from simulators.localpay import api, pages, payments
from simulators.localpay.gateway import Gateway, Refusal, new_nonce
from simulators.localpay.store import Row, payment_of
from simulators.server import Answer, BadRequest, Request, Router

_LINK = ("number", "amount_minor", "currency", "subject", "notify_url", "return_url")
_ALLOWED = {*_LINK, "service", "merchant_id", "timestamp", "nonce", "key_id", "sign_type", "sign",
            "expires_at"}  # fmt: skip


def open_link(gw: Gateway, link: dict[str, str]) -> Row:
    """Verify a pay link and open its payment. Raises Refusal."""
    api.shaped(link, *_LINK)
    if extra := set(link) - _ALLOWED:
        raise Refusal("BAD_REQUEST", f"unknown parameter {min(extra)}")
    api.authenticated(gw, link, "pay.page")
    try:
        clock.parse(link.get("expires_at", ""))
    except ValueError as error:
        raise Refusal("BAD_REQUEST", "expires_at is malformed") from error
    if int(link["timestamp"]) > gw.clock.unix() + api.FRESH_SECONDS:
        raise Refusal("STALE", "timestamp lies in the future")
    return payments.open_payment(gw, link)


def way_back(gw: Gateway, row: Row, hint: str) -> str:
    """The merchant's return address with a hint and a signed status. No proof of payment."""
    signed = gw.keys.sign(
        {
            "service": "pay.return",
            "merchant_id": row["merchant_id"],
            "number": row["number"],
            "status": row["status"],
            "timestamp": gw.clock.stamp(),
            "nonce": new_nonce(),
        }
    )
    parts = urlsplit(row["return_url"])
    own = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if k not in signed]
    query = urlencode([*own, ("hint", hint), *signed.items()])
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, parts.fragment))


def mount(router: Router, gw: Gateway) -> None:
    def show(request: Request) -> Answer:
        gw.count("pay.page")
        try:
            link = request.query_fields()
        except BadRequest as error:
            return pages.error_page("BAD_REQUEST", str(error), 400)
        plan = gw.rules.plan("pay", link)
        instead = line.before(plan)
        return instead if instead is not None else line.after(plan, _page_of(gw, link))

    router.add("GET", "/pay", show)
    router.add("POST", "/pay/act", lambda request: _act(gw, request))


def _page_of(gw: Gateway, link: dict[str, str]) -> Answer:
    try:
        row = open_link(gw, link)
    except Refusal as why:
        status = 401 if why.code in api.UNAUTHORIZED else 409 if "CONFLICT" in why.code else 400
        return pages.error_page(why.code, why.message, status)
    return _page(gw, row)


def _page(gw: Gateway, row: Row, status: int = 200) -> Answer:
    hint = "paid" if row["status"] == "SUCCESS" else "late" if row["late_at"] else "cancelled"
    back = way_back(gw, row, hint)
    return pages.payment_page(row, now=gw.clock.unix(), back=back, status=status)


def _act(gw: Gateway, request: Request) -> Answer:
    form = request.form()
    row = payment_of(gw.store, form.get("merchant_id", ""), form.get("number", ""))
    given = form.get("token", "").encode()
    if row is None or not hmac.compare_digest(row["token"].encode(), given):
        return pages.error_page("PAYMENT_NOT_EXIST", "no such payment here", 404)
    try:
        if form.get("action") == "pay":
            row, hint = payments.pay(gw, row), "paid"
        elif form.get("action") == "late":
            row = payments.pay_late(gw, row)
            hint = "paid" if row["status"] == "SUCCESS" else "late"
        elif form.get("action") == "cancel":
            hint = "cancelled"
        else:
            return pages.error_page("BAD_REQUEST", "no such button", 400)
    except Refusal:
        return _page(gw, payment_of(gw.store, row["merchant_id"], row["number"]) or row, 409)
    return Answer(303, b"", {"Location": way_back(gw, row, hint), "Cache-Control": "no-store"})
