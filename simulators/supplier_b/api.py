"""The channel's calls: a form with base64 data in, JSON or the marketplace's XML out."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from simulators import line
from simulators.faults import Plan
from simulators.server import Answer, BadRequest, Request, Router, json_answer
from simulators.supplier_b import shown, signing
from simulators.supplier_b.signing import Recipe
from simulators.supplier_b.speech import FormMd5
from simulators.supply import money, orders, products, statement
from simulators.supply.store import balance_of, order_of
from simulators.supply.supplier import Refusal, Supplier
from simulators.supply.wish import Wish, fingerprint

FRESH_SECONDS = 300
GOODS_A_PAGE = 200
CODES = {
    "OUT_OF_STOCK": "201", "PRODUCT_OFF": "202", "UNKNOWN_PRODUCT": "203", "NOT_FOUND": "203",
    "BAD_ACCOUNT": "204", "INSUFFICIENT_BALANCE": "205", "PRICE_ABOVE_LIMIT": "206",
    "QUANTITY_ABOVE_LIMIT": "207", "BAD_REQUEST": "208", "UNKNOWN_KEY": "300",
    "BAD_SIGNATURE": "301", "STALE_TIMESTAMP": "302", "EXTERNAL_ID_CONFLICT": "310",
    "DUPLICATE_EXTERNAL_ID": "310", "ORDER_NOT_FOUND": "404",
}  # fmt: skip
SPI_CODES = {
    "201": "0304", "202": "0305", "203": "0303", "204": "0302", "205": "0306", "206": "0307",
    "207": "0308", "208": "0101", "300": "0102", "301": "0102", "302": "0103", "310": "0301",
    "404": "0104",
}  # fmt: skip
SPI_STATUS = {"0104": "REQUEST_FAILED", "0101": "GENERAL_ERROR", "0102": "GENERAL_ERROR",
              "0103": "GENERAL_ERROR", "0301": "GENERAL_ERROR"}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    action: str
    data: dict[str, Any]
    key_id: str
    plan: Plan


Work = Callable[[Supplier, Asked], dict[str, Any]]


class Channel:
    """The routes with the recipe by which they speak."""

    def __init__(self, sup: Supplier, speech: FormMd5) -> None:
        self._sup, self._speech = sup, speech

    def mount(self, router: Router) -> None:
        router.add("POST", r"/api/(?P<action>[A-Za-z]+)", self._serve)

    def _serve(self, request: Request) -> Answer:
        sup, action = self._sup, request.args["action"]
        op, work = WORKS.get(action, ("order", _no_such_action))
        fields, data = self._read(request)
        within = sup.count(op)
        plan = sup.rules.plan(op, _facts(sup, data))
        instead = line.before(plan) if within else line.too_many(1)
        if instead is not None:
            return instead
        code, message, found = "100", "成功", dict[str, Any]()
        try:
            self._authenticated(fields)
            found = work(sup, Asked(action, data, fields["customerId"], plan))
        except Refusal as why:
            code, message = CODES[why.code], why.message or why.code
        secret = sup.secret(fields.get("customerId", "")) or ""
        if self._speech.recipe.codec == "xml" and action.startswith("direct"):
            made = self._xml(code, str(data.get("orderNo", "")), found, secret, plan)
        else:
            made = self._json(code, message, found, secret, plan)
        return line.after(plan, made)

    def _read(self, request: Request) -> tuple[dict[str, str], dict[str, Any]]:
        try:
            fields = request.form()
            data = self._speech.recipe.unpack(fields.get("data", ""))
        except (BadRequest, ValueError):
            return {}, {}
        return fields, data if isinstance(data, dict) else {}

    def _authenticated(self, fields: Mapping[str, str]) -> None:
        """Raises Refusal."""
        secret = self._sup.secret(fields.get("customerId", ""))
        if secret is None:
            raise Refusal(200, "UNKNOWN_KEY", "商户不存在")
        wanted = self._speech.recipe.sign(fields, secret)
        if not signing.same(wanted.lower(), fields.get("sign", "").lower()):
            raise Refusal(200, "BAD_SIGNATURE", "签名错误")
        stamp = fields.get("timestamp", "")
        if not re.fullmatch(r"\d{14}", stamp, re.ASCII):
            raise Refusal(200, "STALE_TIMESTAMP", "时间戳错误")
        at = datetime.strptime(f"{stamp}+0800", "%Y%m%d%H%M%S%z").timestamp()
        if abs(at - self._sup.clock.unix()) > FRESH_SECONDS:
            raise Refusal(200, "STALE_TIMESTAMP", "时间戳过期")

    def _json(
        self, code: str, message: str, found: dict[str, Any], secret: str, plan: Plan
    ) -> Answer:
        recipe = self._speech.recipe
        body = {
            "retCode": code,
            "retMessage": message,
            "data": recipe.pack(found) if found else "",
            "timestamp": self._stamp(plan),
        }
        made = json_answer({**body, "sign": _signed(recipe, body, secret, plan)})
        made.body = line.recoded(plan, made.body)
        return made

    def _xml(
        self, code: str, number: str, found: dict[str, Any], secret: str, plan: Plan
    ) -> Answer:
        recipe, at = self._speech.recipe, self._stamp(plan)
        if found:
            fields = shown.spi_fields(found, at=at)
        else:
            failed = SPI_CODES[code]
            status = SPI_STATUS.get(failed, "ORDER_FAILED")
            fields = {
                "tbOrderNo": number, "coopOrderStatus": status, "failedCode": failed, "timestamp": at,
            }  # fmt: skip
        body = shown.xml({**fields, "sign": _signed(recipe, fields, secret, plan)}, recipe.charset)
        if "charset" in plan:
            body = body.replace(b"<response>", b"<response><note>\xff\xff</note>")
        kind = f"text/xml; charset={recipe.charset.upper()}"
        return Answer(200, line.BOM + body if "bom" in plan else body, {"Content-Type": kind})

    def _stamp(self, plan: Plan) -> str:
        return shown.stamp(self._sup.clock.unix() - (3600 if "stale_reply" in plan else 0))


def _signed(recipe: Recipe, fields: Mapping[str, str], secret: str, plan: Plan) -> str:
    sign = recipe.sign(fields, secret) if secret else ""
    return sign[::-1] if "bad_signature" in plan else sign


def _facts(sup: Supplier, data: Mapping[str, Any]) -> dict[str, str]:
    number = str(data.get("orderNo", ""))
    row = order_of(sup.store, number) or {"product": "", "account": ""}
    return {
        "external_id": number,
        "product": str(data.get("goodsId") or row["product"]),
        "account": str(data.get("account") or row["account"]),
    }


def _no_such_action(sup: Supplier, asked: Asked) -> dict[str, Any]:
    raise Refusal(200, "BAD_REQUEST", "接口不存在")


def _place(sup: Supplier, asked: Asked) -> dict[str, Any]:
    got = asked.data
    number, num, limit = got.get("orderNo"), got.get("num"), got.get("priceLimit")
    fits = isinstance(number, str) and re.fullmatch(r"[0-9A-Za-z-]{1,32}", number)
    if not fits or type(num) is not int or num < 1:
        raise Refusal(200, "BAD_REQUEST", "参数错误")
    account = str(got.get("account", ""))
    try:
        most = None if limit is None else money.parse(limit)
    except ValueError as error:
        raise Refusal(200, "BAD_REQUEST", "priceLimit") from error
    wish = Wish(
        external_id=str(number),
        product=str(got.get("goodsId", "")),
        quantity=num,
        target={"account": account} if account else None,
        max_cost_minor=most,
        callback_url=str(got.get("notifyUrl", "")),
        content=fingerprint({name: got[name] for name in got if name != "notifyUrl"}),
    )
    _status, row = orders.place(sup, wish, key_id=asked.key_id, plan=asked.plan)
    return shown.shown(sup, row, cards=False)


def _look_up(sup: Supplier, asked: Asked) -> dict[str, Any]:
    row = orders.look_up(sup, str(asked.data.get("orderNo", "")))
    order = shown.shown(sup, row, cards=asked.action == "cardQuery")
    if "odd_cards" in asked.plan:
        order["cards"] = shown.odd_cards(order["cards"], asked.plan.get("odd_cards", "how", ""))
    return order


def _goods(sup: Supplier, asked: Asked) -> dict[str, Any]:
    cursor, limit = str(asked.data.get("after", "")), GOODS_A_PAGE
    rows, after = products.page(sup, cursor=cursor, limit=limit)
    odd: list[Any] = asked.plan.get("inject", "items", [])
    return {"goods": [*map(shown.item, rows), *odd], "next": after or ""}


def _balance(sup: Supplier, asked: Asked) -> dict[str, Any]:
    return {"balance": money.show(balance_of(sup.store))}


def _statement(sup: Supplier, asked: Asked) -> dict[str, Any]:
    day = str(asked.data.get("day", ""))
    try:
        lines = statement.broken_lines(sup, day)
    except ValueError as error:
        raise Refusal(200, "BAD_REQUEST", "日期错误") from error
    rows = [",".join(HEADER), *(",".join(_told(each)) for each in lines)]
    return {"day": day, "file": "\r\n".join(rows) + "\r\n"}


HEADER = ("类型", "平台单号", "订单号", "商品编号", "数量", "金额", "余额", "时间")
TYPES = {"ORDER": "下单", "REFUND": "退款", "REVERSAL": "冲正", "TOPUP": "充值"}


def _told(each: Mapping[str, str]) -> tuple[str, ...]:
    number = each["id"]
    number = shown.platform_no(int(number[2:])) if number.startswith("SC") else number
    return (
        TYPES[each["type"]],
        number,
        each["external_id"],
        each["product"],
        each["quantity"],
        each["amount"],
        each["balance_after"],
        each["at"][:19].replace("T", " "),
    )


WORKS: dict[str, tuple[str, Work]] = {
    "directCharge": ("order", _place),
    "cardOrder": ("order", _place),
    "directQuery": ("lookup", _look_up),
    "cardQuery": ("lookup", _look_up),
    "goodsList": ("products", _goods),
    "accountBalance": ("balance", _balance),
    "statement": ("statement", _statement),
}
