"""A mandate's page for the buyer, and the merchant's calls about mandates and charges."""

import hmac
from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from simulators import clock, line
from simulators.faults import Plan
from simulators.localpay import api, charges, mandates, pages, payments
from simulators.localpay.gateway import Gateway, Refusal, new_nonce
from simulators.localpay.store import Row, mandate_of
from simulators.server import Answer, BadRequest, Request, Router

_LINK = ("number", "limit_minor", "currency", "subject", "notify_url", "return_url")
_ALLOWED = {*_LINK, "service", "merchant_id", "timestamp", "nonce", "key_id", "sign_type", "sign",
            "expires_at"}  # fmt: skip
_ACTS = {"sign": mandates.sign, "refuse": mandates.refuse, "end": mandates.revoke}
_SAYINGS = {
    "SIGNED": ("已授权", "Signed. 商户可按约定扣款，您可以随时解除 · you may end it at any time."),
    "REFUSED": ("未授权", "Not signed. 不会扣款 · nothing will be taken."),
    "ENDED": ("授权已解除", "Ended. 不会再扣款 · nothing more will be taken."),
}


def open_link(gw: Gateway, link: dict[str, str]) -> Row:
    """Verify a mandate's link and open the mandate. Raises Refusal."""
    api.shaped(link, *_LINK)
    if extra := set(link) - _ALLOWED:
        raise Refusal("BAD_REQUEST", f"unknown parameter {min(extra)}")
    api.authenticated(gw, link, "mandate.page")
    try:
        clock.parse(link.get("expires_at", ""))
    except ValueError as error:
        raise Refusal("BAD_REQUEST", "expires_at is malformed") from error
    if int(link["timestamp"]) > gw.clock.unix() + api.FRESH_SECONDS:
        raise Refusal("STALE", "timestamp lies in the future")
    return mandates.open_mandate(gw, link)


def mount(router: Router, gw: Gateway) -> None:
    def show(request: Request) -> Answer:
        gw.count("mandate.page")
        try:
            link = request.query_fields()
        except BadRequest as error:
            return pages.error_page("BAD_REQUEST", str(error), 400)
        plan = gw.rules.plan("mandate", link)
        instead = line.before(plan)
        return instead if instead is not None else line.after(plan, _page_of(gw, link))

    router.add("GET", "/mandate", show)
    router.add("POST", "/mandate/act", lambda request: _act(gw, request))
    api.add(router, gw, "mandate_query", "mandate.query", ("number",), _query)
    api.add(router, gw, "mandate_end", "mandate.end", ("number",), _end)
    wanted = ("number", "mandate", "amount_minor", "currency", "subject", "notify_url")
    api.add(router, gw, "charge", "mandate.charge", wanted, _charge)


def _query(gw: Gateway, params: dict[str, str], plan: Plan) -> dict[str, str]:
    return mandates.shown(mandates.must(gw, params["merchant_id"], params["number"]))


def _end(gw: Gateway, params: dict[str, str], plan: Plan) -> dict[str, str]:
    row = mandates.end(gw, params["merchant_id"], params["number"], by="merchant")
    return mandates.shown(row)


def _charge(gw: Gateway, params: dict[str, str], plan: Plan) -> dict[str, str]:
    return payments.shown(gw, charges.create(gw, params, plan))


def _page_of(gw: Gateway, link: dict[str, str]) -> Answer:
    try:
        row = open_link(gw, link)
    except Refusal as why:
        status = 401 if why.code in api.UNAUTHORIZED else 409 if "CONFLICT" in why.code else 400
        return pages.error_page(why.code, why.message, status)
    return _page(gw, row)


def _act(gw: Gateway, request: Request) -> Answer:
    form = request.form()
    row = mandate_of(gw.store, form.get("merchant_id", ""), form.get("number", ""))
    given = form.get("token", "").encode()
    if row is None or not hmac.compare_digest(row["token"].encode(), given):
        return pages.error_page("MANDATE_NOT_EXIST", "no such mandate here", 404)
    act = _ACTS.get(form.get("action", ""))
    if act is None:
        return pages.error_page("BAD_REQUEST", "no such button", 400)
    try:
        row = act(gw, row)
    except Refusal:
        return _page(gw, mandate_of(gw.store, row["merchant_id"], row["number"]) or row, 409)
    return Answer(303, b"", {"Location": way_back(gw, row), "Cache-Control": "no-store"})


def way_back(gw: Gateway, row: Row) -> str:
    """The merchant's return address with a signed status. No proof: the merchant asks."""
    signed = gw.keys.sign(
        {
            "service": "mandate.return",
            "merchant_id": row["merchant_id"],
            "number": row["number"],
            "status": row["status"],
            "timestamp": gw.clock.stamp(),
            "nonce": new_nonce(),
        }
    )
    parts = urlsplit(row["return_url"])
    own = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if k not in signed]
    query = urlencode([*own, *signed.items()])
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, parts.fragment))


def _page(gw: Gateway, row: Row, status: int = 200) -> Answer:
    symbol, figure = pages.money(row["limit_minor"], row["currency"])
    open_still = row["status"] == "PENDING" and gw.clock.unix() < row["expires_at"]
    saying = _SAYINGS.get(row["status"], ("授权已超时", "The time to sign is over."))
    said = (
        "" if open_still else (f'<p class="say"><b>{saying[0]}</b><small>{saying[1]}</small></p>')
    )
    body = (
        f"<p>允许 {escape(row['merchant_id'])} 自动扣款 <small>· allow automatic charges</small></p>"
        f'<p class="amount"><small>每次最多 {symbol}</small>{figure}</p>{said}'
        f"<dl><dt>用途 For</dt><dd>{escape(row['subject'])}</dd>"
        f"<dt>协议 Number</dt><dd>{escape(row['number'])}</dd></dl>"
        f"{_buttons(gw, row, open_still=open_still)}"
    )
    return pages.document(body, status)


def _buttons(gw: Gateway, row: Row, *, open_still: bool) -> str:
    shown: list[tuple[str, str, str, str]] = []
    if open_still:
        shown = [
            ("sign", "同意并授权", "Agree and sign", "main"),
            ("refuse", "不同意", "Do not sign", ""),
        ]
    elif row["status"] == "SIGNED":
        shown = [("end", "解除授权", "End the mandate", "")]
    back = escape(way_back(gw, row))
    link = (
        ""
        if open_still
        else (
            f'<form><a class="btn main" href="{back}">返回商户<small>Back to the shop</small></a></form>'
        )
    )
    if not shown:
        return link
    fields = "".join(
        f'<input type="hidden" name="{name}" value="{escape(row[name])}">'
        for name in ("merchant_id", "number", "token")
    )
    buttons = "".join(
        f'<button class="{style}" name="action" value="{action}">{label}<small>{english}</small>'
        "</button>"
        for action, label, english, style in shown
    )
    return f'{link}<form method="post" action="/mandate/act">{fields}{buttons}</form>'
