"""The marketplace's own reply for top-ups (recipe `codec` `xml`): one level of texts, signed. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from distribution.marketplaces import words
from fulfillment.suppliers.form_md5.signing import Recipe, stamp

STATUS = {words.ENDED: "SUCCESS", words.UNDER_WAY: "UNDERWAY", words.GIVEN_BACK: "FAILED"}
GENERAL, REQUEST, ORDER = "GENERAL_ERROR", "REQUEST_FAILED", "ORDER_FAILED"
#: `retCode` → what stands in `coopOrderStatus` and `failedCode`.
REFUSALS = {
    words.OUT_OF_STOCK: (ORDER, "0304"),
    words.PRODUCT_OFF: (ORDER, "0305"),
    words.UNKNOWN_PRODUCT: (ORDER, "0303"),
    words.BAD_ACCOUNT: (ORDER, "0302"),
    words.CREDIT_USED_UP: (ORDER, "0306"),
    words.PRICE_ABOVE_LIMIT: (ORDER, "0307"),
    words.QUANTITY: (ORDER, "0308"),
    words.BAD_REQUEST: (GENERAL, "0101"),
    words.NUMBER_USED: (GENERAL, "0301"),
    words.NOT_FOUND: (REQUEST, "0104"),
    words.STALE: (GENERAL, "0103"),
}
#: The order was given back after it had been taken.
GIVEN_BACK = "0501"
#: In no table: whoever hears it must ask.
TROUBLE = (GENERAL, "0100")


def spi_answer(
    *, code: str, number: str, data: Mapping[str, Any] | None, recipe: Recipe, secret: str,
    now: datetime,
) -> bytes:  # fmt: skip
    """The reply in the recipe's charset, with its signature over the elements."""
    fields = _order(data) if data else _refusal(code, number)
    fields["timestamp"] = stamp(now)
    fields["sign"] = recipe.sign(fields, secret)
    inside = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items())
    head = f'<?xml version="1.0" encoding="{recipe.charset}"?>'
    return f"{head}<response>{inside}</response>".encode(recipe.charset)


def _order(order: Mapping[str, Any]) -> dict[str, str]:
    status = STATUS[order["orderStatus"]]
    snap = "|".join(str(order[name]) for name in ("goodsId", "account", "num", "price"))
    ended = order["finishTime"] if status == STATUS[words.ENDED] else ""
    return {
        "tbOrderNo": order["orderNo"],
        "coopOrderNo": order["platformNo"],
        "coopOrderStatus": status,
        "coopOrderSnap": snap,
        "coopOrderSuccessTime": ended,
        "failedCode": GIVEN_BACK if status == STATUS[words.GIVEN_BACK] else "",
        "failedReason": order["failCode"],
    }


def _refusal(code: str, number: str) -> dict[str, str]:
    status, failed = REFUSALS.get(code, TROUBLE)
    return {
        "tbOrderNo": number,
        "coopOrderStatus": status,
        "failedCode": failed,
        "failedReason": words.SAID[code],
    }
