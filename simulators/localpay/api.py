"""The merchant's calls: authenticated, idempotent, answered with a signature."""

import re
from collections.abc import Callable, Mapping

from simulators import line
from simulators.faults import Plan
from simulators.localpay import payments, refunds
from simulators.localpay.gateway import Gateway, Refusal
from simulators.localpay.keys import UnknownKey
from simulators.localpay.signing import verified
from simulators.localpay.store import payment_of, refund_of
from simulators.server import Answer, BadRequest, Request, Router, json_answer

FRESH_SECONDS = 300
SHAPES = {
    "number": r"[0-9A-Z]{1,32}",
    "refund_number": r"[0-9A-Z]{1,32}",
    "mandate": r"[0-9A-Z]{1,32}",
    "merchant_id": r"[0-9A-Za-z_-]{1,64}",
    "nonce": r"[0-9A-Za-z_-]{8,64}",
    "timestamp": r"\d{1,12}",
    "amount_minor": r"[1-9]\d{0,11}",
    "limit_minor": r"[1-9]\d{0,11}",
    "currency": r"[A-Z]{3}",
    "subject": r"[^\x00-\x1f\x7f]{1,128}",
    "reason": r"[^\x00-\x1f\x7f]{0,128}",
    "notify_url": r"https?://[^\s<>\"']{1,504}",
    "return_url": r"https?://[^\s<>\"']{1,504}",
    "day": r"\d{4}-\d{2}-\d{2}",
}
UNAUTHORIZED = ("UNKNOWN_MERCHANT", "UNKNOWN_KEY", "BAD_SIGNATURE", "STALE", "REPLAYED")
Work = Callable[[Gateway, dict[str, str], Plan], dict[str, str]]


def shaped(params: Mapping[str, str], *names: str) -> None:
    """Refuse a missing or malformed parameter."""
    for name in ("service", "merchant_id", "timestamp", "nonce", "key_id", "sign_type", "sign"):
        if not params.get(name):
            raise Refusal("BAD_REQUEST", f"{name} is missing")
    for name in ("merchant_id", "timestamp", "nonce", *names):
        optional = name == "reason" or (name == "notify_url" and "refund_number" in names)
        value = params.get(name, "")
        if (value or not optional) and not re.fullmatch(SHAPES[name], value):
            raise Refusal("BAD_REQUEST", f"{name} is malformed")


def authenticated(gw: Gateway, params: Mapping[str, str], service: str) -> None:
    """Who signed this, and was it meant for this address? Raises Refusal."""
    if params["service"] != service:
        raise Refusal("BAD_REQUEST", f"service must be {service}")
    try:
        key = gw.keys.merchant_key(params["merchant_id"], params["key_id"])
    except UnknownKey as error:
        raise Refusal(str(error), "not registered here") from error
    if not verified(key, params):
        raise Refusal("BAD_SIGNATURE", "the signature does not fit")


def fresh(gw: Gateway, params: Mapping[str, str]) -> None:
    now = gw.clock.unix()
    if abs(now - int(params["timestamp"])) > FRESH_SECONDS:
        raise Refusal("STALE", "timestamp is more than 300 s away")
    if not gw.store.fresh_nonce(params["merchant_id"], params["nonce"], now):
        raise Refusal("REPLAYED", "this nonce was used before")


def sealed(gw: Gateway, params: Mapping[str, str], plan: Plan, fields: dict[str, str]) -> Answer:
    """A signed JSON answer to the request `params`."""
    nonce = params.get("nonce", "")
    stamp = int(gw.clock.unix()) - (3600 if "stale_reply" in plan else 0)
    reply = {
        "service": params.get("service", "") + ".reply",
        "merchant_id": params.get("merchant_id", ""),
        "timestamp": str(stamp),
        "nonce": nonce[::-1] + "x" if "wrong_nonce" in plan else nonce,
        **fields,
    }
    signed = gw.keys.sign({name: value for name, value in reply.items() if value})
    if "bad_signature" in plan:
        signed["sign"] = ("B" if signed["sign"][0] == "A" else "A") + signed["sign"][1:]
    code = fields["code"]
    answer = json_answer(
        signed, 400 if code == "BAD_REQUEST" else 401 if code in UNAUTHORIZED else 200
    )
    answer.body = line.recoded(plan, answer.body)
    return answer


def refused(gw: Gateway, params: Mapping[str, str], plan: Plan, why: Refusal) -> Answer:
    return sealed(gw, params, plan, {**why.fields, "code": why.code, "message": why.message})


def mount(router: Router, gw: Gateway) -> None:
    add(router, gw, "query", "pay.query", ("number",), _query)
    add(router, gw, "close", "pay.close", ("number",), _close)
    wanted = ("number", "refund_number", "amount_minor", "currency", "reason", "notify_url")
    add(router, gw, "refund", "refund.create", wanted, _refund)
    add(router, gw, "refund_query", "refund.query", ("refund_number",), _refund_query)


def add(
    router: Router, gw: Gateway, op: str, service: str, names: tuple[str, ...], work: Work
) -> None:
    """Serve one call at `/api/<op>`: shape, signature, freshness, then the work."""

    def handle(request: Request) -> Answer:
        gw.count(service)
        params: dict[str, str] = {}
        plan = Plan()
        try:
            params = form_of(request)
            plan = gw.rules.plan(op, params)
            instead = line.before(plan)
            if instead is not None:
                return instead
            shaped(params, *names)
            authenticated(gw, params, service)
            fresh(gw, params)
            answer = sealed(gw, params, plan, {"code": "OK", **work(gw, params, plan)})
        except Refusal as why:
            answer = refused(gw, params, plan, why)
        return line.after(plan, answer)

    router.add("POST", f"/api/{op}", handle)


def form_of(request: Request) -> dict[str, str]:
    """The form of a call; an unreadable one is refused with a signature like any other."""
    if request.query:
        raise Refusal("BAD_REQUEST", "parameters belong into the body")
    try:
        return request.form()
    except BadRequest as error:
        raise Refusal("BAD_REQUEST", str(error)) from error


def _query(gw: Gateway, params: dict[str, str], plan: Plan) -> dict[str, str]:
    row = payment_of(gw.store, params["merchant_id"], params["number"])
    if row is None:
        raise Refusal("PAYMENT_NOT_EXIST", "never opened, never closed")
    return payments.shown(gw, row)


def _close(gw: Gateway, params: dict[str, str], plan: Plan) -> dict[str, str]:
    return payments.shown(gw, payments.close(gw, params["merchant_id"], params["number"]))


def _refund(gw: Gateway, params: dict[str, str], plan: Plan) -> dict[str, str]:
    return refunds.shown(gw, refunds.create(gw, params, plan))


def _refund_query(gw: Gateway, params: dict[str, str], plan: Plan) -> dict[str, str]:
    row = refund_of(gw.store, params["merchant_id"], params["refund_number"])
    if row is None:
        raise Refusal("REFUND_NOT_EXIST", "no such refund")
    return refunds.shown(gw, row)
