"""The gateway: one address, the method in the body, every answer 200 with a code."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from simulators import line
from simulators.faults import Plan
from simulators.server import Answer, BadRequest, Request, Router, json_answer
from simulators.supplier_a import shown, signing
from simulators.supply import orders, products, statement
from simulators.supply.store import balance_of, order_of
from simulators.supply.supplier import Refusal, Supplier
from simulators.supply.wish import Wish, fingerprint

FRESH_SECONDS = 300
LINES_A_PAGE = 500
LONGEST_NUMBER = 50
CODES = {
    "UNKNOWN_PRODUCT": 3001, "PRODUCT_OFF": 3002, "OUT_OF_STOCK": 3003, "QUANTITY_ABOVE_LIMIT": 3004,
    "BAD_ACCOUNT": 3005, "EXTERNAL_ID_CONFLICT": 3006, "DUPLICATE_EXTERNAL_ID": 3006,
    "INSUFFICIENT_BALANCE": 3008, "ORDER_NOT_FOUND": 4004, "BAD_REQUEST": 2001, "NOT_FOUND": 3001,
    "UNKNOWN_METHOD": 1001, "STALE_TIMESTAMP": 1004, "UNKNOWN_KEY": 1006, "BAD_SIGNATURE": 1014,
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """One call: what is asked, with what content, under which key."""

    method: str
    content: dict[str, Any]
    key_id: str
    secret: str
    plan: Plan


Work = Callable[[Supplier, Asked], object]


def mount(router: Router, sup: Supplier) -> None:
    router.add("POST", "/api/getway", lambda request: _serve(sup, request))


def _serve(sup: Supplier, request: Request) -> Answer:
    fields, content = _read(request)
    method = str(fields.get("method", "")).partition(".")[2]
    op, work = WORKS.get(method, ("order", _no_such_method))
    within = sup.count(op)
    plan = sup.rules.plan(op, _facts(sup, content))
    instead = line.before(plan) if within else line.too_many(1)
    if instead is not None:
        return instead
    try:
        secret = _authenticated(sup, fields)
    except Refusal as why:
        return line.after(plan, _answer(CODES[why.code], why.message, "", "", plan))
    asked = Asked(method, content, str(fields["app_key"]), secret, plan)
    code, message, result = 0, "接口调用成功", ""
    try:
        result = json.dumps(work(sup, asked), ensure_ascii=False, separators=(",", ":"))
    except Refusal as why:
        code, message = CODES[why.code], why.message
    return line.after(plan, _answer(code, message, result, secret, plan))


def _read(request: Request) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        fields = request.json()
        content = json.loads(str(fields.get("biz_content") or "{}"))
    except (BadRequest, ValueError):
        return {}, {}
    return fields, content if isinstance(content, dict) else {}


def _facts(sup: Supplier, content: dict[str, Any]) -> dict[str, str]:
    number = str(content.get("customer_order_no", ""))
    row = order_of(sup.store, number) or {"product": "", "account": ""}
    return {
        "external_id": number,
        "product": str(content.get("product_id") or row["product"]),
        "account": str(content.get("charge_account") or row["account"]),
    }


def _authenticated(sup: Supplier, fields: dict[str, Any]) -> str:
    """The secret of the asking key. Raises Refusal."""
    secret = sup.secret(str(fields.get("app_key", "")))
    if secret is None:
        raise Refusal(200, "UNKNOWN_KEY", "无效的app_key")
    if not signing.same(signing.sign_fields(fields, secret), str(fields.get("sign", ""))):
        raise Refusal(200, "BAD_SIGNATURE", "无效的签名")
    try:
        at = datetime.fromisoformat(f"{fields.get('timestamp')}+08:00")
    except ValueError:
        raise Refusal(200, "STALE_TIMESTAMP", "时间戳格式错误") from None
    if abs(at.timestamp() - sup.clock.unix()) > FRESH_SECONDS:
        raise Refusal(200, "STALE_TIMESTAMP", "时间戳超出有效期")
    return secret


def _answer(code: int, message: str, result: str, secret: str, plan: Plan) -> Answer:
    sign = signing.sign_text(result, secret) if secret else ""
    if "bad_signature" in plan:
        sign = sign[::-1]
    body = {"code": code, "message": message, "result": result, "sign": sign}
    made = json_answer(body)
    made.body = line.recoded(plan, made.body)
    return made


def _no_such_method(sup: Supplier, asked: Asked) -> object:
    raise Refusal(200, "UNKNOWN_METHOD", "无效的API接口名称")


def _place(sup: Supplier, asked: Asked) -> object:
    got = asked.content
    account = str(got.get("charge_account") or got.get("charge_phone") or "")
    product = str(got.get("product_id", ""))
    if asked.method == "order.mobile.add":
        product = f"mobile:{got.get('charge_value')}"
    number, quantity = got.get("customer_order_no"), got.get("buy_num", 1)
    fits = isinstance(number, str) and 1 <= len(number) <= LONGEST_NUMBER
    if not fits or type(quantity) is not int:
        raise Refusal(200, "BAD_REQUEST", "参数错误")
    wish = Wish(
        external_id=str(number),
        product=product,
        quantity=quantity,
        target={"account": account} if account else None,
        max_cost_minor=None,
        callback_url="",
        content=fingerprint(got),
    )
    _status, row = orders.place(sup, wish, key_id=asked.key_id, plan=asked.plan)
    return {**shown.shown(sup, row), "cards": None}


def _look_up(sup: Supplier, asked: Asked) -> object:
    row = orders.look_up(sup, str(asked.content.get("customer_order_no", "")))
    order = shown.shown(sup, row, cards=True)
    odd = str(asked.plan.get("odd_cards", "how", ""))
    return {**order, "cards": shown.sealed(order["cards"], asked.secret, odd)}


def _goods(sup: Supplier, asked: Asked) -> object:
    rows, cursor, more = [], "", True
    while more:
        found, after = products.page(sup, cursor=cursor, limit=500)
        rows += found
        cursor, more = after or "", after is not None
    odd: list[Any] = asked.plan.get("inject", "items", [])
    return [*map(shown.item, rows), *odd]


def _product(sup: Supplier, asked: Asked) -> object:
    row = products.find(sup, str(asked.content.get("product_id", "")))
    if row is None:
        raise Refusal(200, "NOT_FOUND", "商品不存在")
    return shown.item(row)


def _template(sup: Supplier, asked: Asked) -> object:
    return [{"field": "charge_account", "name": "充值账号", "required": True}]


def _user(sup: Supplier, asked: Asked) -> object:
    return {"name": "测试商户", "balance": shown.yuan(balance_of(sup.store)), "is_open": 1}


def _statement(sup: Supplier, asked: Asked) -> object:
    day, page = str(asked.content.get("day", "")), asked.content.get("page")
    page = page if isinstance(page, int) and page >= 1 else 1
    try:
        lines = statement.broken_lines(sup, day)
    except ValueError as error:
        raise Refusal(200, "BAD_REQUEST", "日期错误") from error
    at = (page - 1) * LINES_A_PAGE
    return {
        "day": day,
        "page": page,
        "pages": max(1, -(-len(lines) // LINES_A_PAGE)),
        "lines": [_told(each) for each in lines[at : at + LINES_A_PAGE]],
    }


def _told(each: dict[str, str]) -> dict[str, str]:
    number = each["id"]
    return {
        "type": each["type"].lower(),
        "order_id": shown.order_id(int(number[2:])) if number.startswith("SC") else number,
        "customer_order_no": each["external_id"],
        "product_id": each["product"],
        "buy_num": each["quantity"],
        "amount": each["amount"],
        "balance_after": each["balance_after"],
        "time": each["at"][:19].replace("T", " "),
    }


WORKS: dict[str, tuple[str, Work]] = {
    "order.direct.add": ("order", _place),
    "order.card.add": ("order", _place),
    "order.mobile.add": ("order", _place),
    "order.info.get": ("lookup", _look_up),
    "goods.list.get": ("products", _goods),
    "goods.info.get": ("products", _product),
    "goods.template.get": ("products", _template),
    "user.info.get": ("balance", _user),
    "statement.get": ("statement", _statement),
}
