"""The buyer's calls: signed both ways, answered with HTTP statuses."""

import json
import re
from collections.abc import Callable
from typing import Any

from simulators import clock, line
from simulators.breaks import csv_text
from simulators.faults import Plan
from simulators.server import Answer, BadRequest, Request, Router, json_answer
from simulators.supplier_c import signing, wishes
from simulators.supplier_c.shown import item, odd_cards, shown
from simulators.supply import money, orders, products, statement
from simulators.supply.store import balance_of, order_of
from simulators.supply.supplier import Refusal, Supplier

FRESH_SECONDS = 300
MOST_ITEMS = 500
Work = Callable[[Supplier, Request, Plan], Answer]
Facts = Callable[[Supplier, Request], dict[str, str]]


def authenticated(sup: Supplier, request: Request) -> None:
    """Raises Refusal 401."""
    given = request.headers
    key_id, stamp, nonce = (given.get(f"x-{n}", "") for n in ("key-id", "timestamp", "nonce"))
    secret = sup.secret(key_id)
    if secret is None:
        raise Refusal(401, "UNKNOWN_KEY", "no such key")
    wanted = signing.sign_request(
        secret=secret,
        method=request.method,
        path=request.target,
        timestamp=stamp,
        nonce=nonce,
        body=request.body,
    )
    if not signing.same(wanted, given.get("x-signature", "")):
        raise Refusal(401, "BAD_SIGNATURE", "the signature does not fit")
    now = sup.clock.unix()
    if not re.fullmatch(r"\d{1,12}", stamp, re.ASCII) or abs(now - int(stamp)) > FRESH_SECONDS:
        raise Refusal(401, "STALE_TIMESTAMP", "more than 300 s away")
    if not re.fullmatch(r"[0-9A-Za-z_-]{8,64}", nonce):
        raise Refusal(400, "BAD_REQUEST", "nonce is malformed")
    if not sup.store.fresh_nonce(key_id, nonce, now):
        raise Refusal(401, "NONCE_REUSED", "this nonce was used before")


def sealed(sup: Supplier, request: Request, plan: Plan, answer: Answer) -> Answer:
    """The answer with its signature; unsigned when the key is not known."""
    answer.body = line.recoded(plan, answer.body)
    key_id = request.headers.get("x-key-id", "")
    secret = sup.secret(key_id)
    if secret is None:
        return answer
    nonce = request.headers.get("x-nonce", "")
    if "wrong_nonce" in plan:
        nonce = nonce[::-1] + "x"
    stamp = str(int(sup.clock.unix()) - (3600 if "stale_reply" in plan else 0))
    signed = answer.body + b"?" if "bad_signature" in plan else answer.body
    answer.headers |= {
        "X-Key-Id": key_id,
        "X-Timestamp": stamp,
        "X-Nonce": nonce,
        "X-Signature": signing.sign_reply(
            secret=secret, status=answer.status, timestamp=stamp, nonce=nonce, body=signed
        ),
    }
    return answer


def mount(router: Router, sup: Supplier) -> None:
    def add(method: str, path: str, op: str, work: Work, facts: Facts = lambda *_: {}) -> None:
        router.add(method, path, lambda request: _serve(sup, request, op, work, facts))

    external = r"/v1/orders/by-external-id/(?P<external_id>[^/]{1,64})"
    add("POST", "/v1/orders", "order", _place, _order_facts)
    add("GET", external, "lookup", _look_up, _lookup_facts)
    add("GET", "/v1/products", "products", _products)
    add("GET", r"/v1/products/(?P<product>[^/]{1,64})", "products", _product)
    add("GET", "/v1/balance", "balance", _balance)
    add("GET", "/v1/statement", "statement", _statement)


def _serve(sup: Supplier, request: Request, op: str, work: Work, facts: Facts) -> Answer:
    within = sup.count(op)
    plan = sup.rules.plan(op, facts(sup, request))
    instead = line.before(plan) if within else line.too_many(1)
    if instead is not None:
        return instead
    try:
        authenticated(sup, request)
        answer = work(sup, request, plan)
    except Refusal as why:
        error = {"error": {"code": why.code, "message": why.message}}
        answer = json_answer(error | ({"order": why.order} if why.order else {}), why.status)
    except BadRequest as why:
        answer = json_answer({"error": {"code": "BAD_REQUEST", "message": str(why)}}, 400)
    return line.after(plan, sealed(sup, request, plan, answer))


def _order_facts(sup: Supplier, request: Request) -> dict[str, str]:
    """Read for the choice of faults only; a body that cannot be read matches none by name."""
    try:
        data = request.json()
    except BadRequest:
        return {}
    target = data.get("target")
    account = target.get("account", "") if isinstance(target, dict) else ""
    named = {name: str(data.get(name, "")) for name in ("external_id", "product")}
    return {**named, "account": str(account)}


def _lookup_facts(sup: Supplier, request: Request) -> dict[str, str]:
    external_id = request.args["external_id"]
    row = order_of(sup.store, external_id) or {"product": "", "account": ""}
    return {"external_id": external_id, "product": row["product"], "account": row["account"]}


def _place(sup: Supplier, request: Request, plan: Plan) -> Answer:
    wish = wishes.read(request.json())
    key_id = request.headers.get("x-key-id", "")
    status, row = orders.place(sup, wish, key_id=key_id, plan=plan)
    return json_answer({"order": shown(sup, row)}, status)


def _look_up(sup: Supplier, request: Request, plan: Plan) -> Answer:
    order = shown(sup, orders.look_up(sup, request.args["external_id"]))
    if "odd_cards" in plan:
        order["cards"] = odd_cards(order["cards"], plan.get("odd_cards", "how", ""))
    return json_answer({"order": order})


def _products(sup: Supplier, request: Request, plan: Plan) -> Answer:
    query = request.query_fields()
    limit = query.get("limit") or "100"
    if not re.fullmatch(r"\d{1,3}", limit, re.ASCII) or not 1 <= int(limit) <= MOST_ITEMS:
        raise Refusal(400, "BAD_REQUEST", "limit must be 1 to 500")
    rows, after = products.page(sup, cursor=query.get("cursor", ""), limit=int(limit))
    odd: list[Any] = plan.get("inject", "items", [])
    found = {
        "items": [*map(item, rows), *odd],
        "next_cursor": after,
        "as_of": clock.text(sup.clock.unix()),
    }
    body = json.dumps(found, ensure_ascii=False).encode()
    return Answer(200, body, {"Content-Type": "application/json; charset=utf-8"})


def _product(sup: Supplier, request: Request, plan: Plan) -> Answer:
    row = products.find(sup, request.args["product"])
    if row is None:
        raise Refusal(404, "NOT_FOUND", "no such product")
    return json_answer({"item": item(row), "as_of": clock.text(sup.clock.unix())})


def _balance(sup: Supplier, request: Request, plan: Plan) -> Answer:
    now = clock.text(sup.clock.unix())
    balance = money.show(balance_of(sup.store))
    return json_answer({"balance": balance, "currency": "CNY", "as_of": now})


def _statement(sup: Supplier, request: Request, plan: Plan) -> Answer:
    try:
        lines = statement.broken_lines(sup, request.query_fields().get("day", ""))
    except ValueError as error:
        raise Refusal(400, "BAD_REQUEST", "day must be YYYY-MM-DD") from error
    text = csv_text(statement.SHAPE, lines)
    return Answer(200, text.encode(), {"Content-Type": "text/csv; charset=utf-8"})
