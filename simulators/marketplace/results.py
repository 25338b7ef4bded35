"""Where the shop tells how orders ended: kept with whether it is genuine, answered as scripted."""

import json
import time

from simulators import line
from simulators.marketplace.market import Marketplace
from simulators.server import Answer, BadRequest, Request, text_answer

#: The classic result signs these; a shop that signs all of them is understood too.
FOUR = ("customerId", "orderNo", "orderStatus", "timestamp")


def hear(market: Marketplace, request: Request) -> Answer:
    """One result. A genuine one is only a hint here too: the script asks by query."""
    try:
        fields = request.form()
    except BadRequest:
        fields = {}
    number = fields.get("orderNo", "")
    plan = market.rules.plan("result", {"number": number})
    instead = line.before(plan)
    if instead is not None:
        _keep(market, fields, "instead")
        return instead
    genuine = _is_genuine(market, fields)
    word = "received" if "wrong_word" in plan or not genuine else market.ack
    _keep(market, fields, word)
    return line.after(plan, text_answer(word))


def _is_genuine(market: Marketplace, fields: dict[str, str]) -> bool:
    if fields.get("customerId") != market.key:
        return False
    four = {name: fields.get(name, "") for name in (*FOUR, "sign")}
    return any(market.recipe.is_genuine(some, market.secret) for some in (four, fields))


def _keep(market: Marketplace, fields: dict[str, str], answered: str) -> None:
    market.store.insert(
        "result",
        {
            "number": fields.get("orderNo", ""), "status": fields.get("orderStatus", ""),
            "genuine": int(_is_genuine(market, fields)), "fields": json.dumps(fields),
            "answered": answered, "at": time.time(),
        },
    )  # fmt: skip
