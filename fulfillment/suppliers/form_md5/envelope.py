"""The two ways in which a supplier of dialect B answers: signed JSON, or the marketplace's XML.

Both end as a ``Reply``: what the code means, and the fields of the order. Pure.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from xml.etree import ElementTree as ET

from core.foreign import is_text
from fulfillment.suppliers.form_md5 import codes
from fulfillment.suppliers.form_md5.signing import Recipe, is_fresh
from fulfillment.suppliers.telling import Reply, Unreadable

#: Elements of an XML reply; more are no reply of ours.
MOST_ELEMENTS, ELEMENT_CHARACTERS = 32, 1024


def open_json(body: bytes, *, recipe: Recipe, secret: str, now: datetime) -> Reply:
    """``{retCode, retMessage, data, timestamp, sign}``; all values are signed. Raises Unreadable."""
    try:
        fields = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Unreadable("not_json") from error
    if not isinstance(fields, dict) or not all(is_text(value) for value in fields.values()):
        raise Unreadable("not_texts")
    _verify(fields, recipe=recipe, secret=secret, now=now)
    code, packed = fields.get("retCode", ""), fields.get("data", "")
    if code != codes.DONE:
        return Reply(code[:64] or "no_code")
    try:
        return Reply(data=recipe.unpack(packed))
    except (ValueError, RecursionError) as error:
        raise Unreadable("bad_data") from error


def open_xml(body: bytes, *, recipe: Recipe, secret: str, now: datetime) -> Reply:
    """``<response>`` with one level of texts, as a marketplace expects it. Raises Unreadable.

    The order's facts stand in ``coopOrderSnap``: product, account, number and price.
    """
    fields = _elements(body, recipe.charset)
    _verify(fields, recipe=recipe, secret=secret, now=now)
    status, failed = fields.get("coopOrderStatus", ""), fields.get("failedCode", "")
    if status == "ORDER_FAILED" and failed in codes.SPI_REFUSALS:
        return Reply(_of(codes.REFUSALS, codes.SPI_REFUSALS[failed]))
    if status == "REQUEST_FAILED" and failed in codes.SPI_NOT_FOUND:
        return Reply(codes.NOT_FOUND[0])
    if status not in codes.SPI_STATES:
        return Reply(f"{status}:{failed}"[:64])
    snap = fields.get("coopOrderSnap", "").split("|")
    if len(snap) != 4:  # noqa: PLR2004  product, account, number, price
        raise Unreadable("bad_snap")
    number = int(snap[2]) if re.fullmatch(r"[0-9]{1,6}", snap[2]) else 0
    verdict = codes.SPI_STATES[status]
    return Reply(
        data={
            "orderNo": fields.get("tbOrderNo", ""),
            "platformNo": fields.get("coopOrderNo", ""),
            "goodsId": snap[0],
            "account": snap[1],
            "num": number,
            "successNum": number,
            "price": snap[3],
            "orderStatus": _of({k: str(v) for k, v in codes.STATES.items()}, str(verdict)),
            "failCode": fields.get("failedReason", ""),
        }
    )


def _verify(fields: Mapping[str, str], *, recipe: Recipe, secret: str, now: datetime) -> None:
    sign = fields.get("sign", "")
    if not sign:
        raise Unreadable("unsigned")
    if not recipe.is_genuine(fields, sign, secret):
        raise Unreadable("bad_signature")
    if not is_fresh(fields.get("timestamp", ""), now=now):
        raise Unreadable("stale")


def _elements(body: bytes, charset: str) -> dict[str, str]:
    """The texts below the root. Entities and document types are refused before any parser sees them."""
    try:
        text = body.decode(charset)
    except UnicodeDecodeError as error:
        raise Unreadable("other_charset") from error
    # The declaration names the charset of the bytes; what is parsed is text already.
    text = re.sub(r"\A<\?xml[^>]{0,200}\?>", "", text)
    if "<!" in text or text[:1] != "<":
        raise Unreadable("not_xml")
    try:
        root = ET.fromstring(text)  # noqa: S314  no entities, one level, at most a mebibyte
    except ET.ParseError as error:
        raise Unreadable("not_xml") from error
    names = [child.tag for child in root]
    if len(names) > MOST_ELEMENTS or len(set(names)) != len(names):
        raise Unreadable("bad_elements")
    found = {child.tag: child.text or "" for child in root}
    if any(len(child) for child in root) or not all(map(_fits, found.values())):
        raise Unreadable("bad_elements")
    return found


def _fits(text: str) -> bool:
    return is_text(text) and len(text) <= ELEMENT_CHARACTERS


def _of(table: Mapping[str, str], meaning: str) -> str:
    """The code that has this meaning."""
    return next(code for code, word in table.items() if word == meaning)
