"""Where outside channels call us. Their signature is the only key; the answer is the dialect's."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from core import clock, limits
from core.money import decimal_text
from distribution.marketplaces import words
from distribution.marketplaces.asked import NUMBER, read_number, read_order
from distribution.marketplaces.dialect import LARGEST_BODY, answer, read_call
from distribution.marketplaces.shown import shown_good, shown_order
from distribution.marketplaces.spi import spi_answer
from distribution.marketplaces.statement import statement_text
from distribution.marketplaces.words import MarketRefused
from distribution.models import MarketOrder
from distribution.models.marketorder import MarketKind
from distribution.queries.account import left_minor, moves_of_day
from distribution.queries.shelf import GOODS_A_PAGE, goods_after, stock_of
from distribution.services.admit_market import (
    Admitted,
    admit_market,
    plain_recipe,
    refuse_replay,
)
from distribution.services.open_cards import open_cards
from distribution.services.take_order import inputs_of, take_order
from distribution.states import MarketOrderState
from risk.requests import client_ip
from risk.values import ip_key

log = structlog.get_logger(__name__)
Data = dict[str, Any]
#: Calls that were not believed, from one address in a minute, until nothing is looked up any more.
STRANGE_A_MINUTE = 120


@csrf_exempt
@never_cache
@require_POST
def market(request: HttpRequest, action: str) -> HttpResponse:
    """One call of an outside channel. Whatever goes wrong, the answer has the dialect's shape."""
    now, admitted = clock.now(), None
    code, data = words.DONE, Data()
    try:
        call = read_call(request.read(LARGEST_BODY + 1))
        ip = client_ip(request)
        admitted = _admitted(call, ip)
        data = ACTS.get(action, _no_such_act)(admitted, ip)
    except MarketRefused as refusal:
        code = refusal.code
    except Exception as error:
        # Whether something was bought is not known here: the code is in no table, so they must ask.
        log.exception("market_call_failed", action=action[:24], error=type(error).__name__)
        code = words.TROUBLE
    return _reply(admitted, action, code, data, now)


def _reply(
    admitted: Admitted | None, action: str, code: str, data: Data, now: datetime
) -> HttpResponse:
    if admitted is None:
        body = answer(code=code, data=None, recipe=plain_recipe(), secret="", now=now)
        return HttpResponse(body, content_type="application/json; charset=utf-8")
    recipe, secret = admitted.speech.recipe, admitted.secret
    if admitted.speech.codec == "xml" and action.startswith("direct"):
        number = admitted.data.get("orderNo")
        known = number if isinstance(number, str) and NUMBER.fullmatch(number) else ""
        body = spi_answer(code=code, number=known, data=data, recipe=recipe, secret=secret, now=now)
        return HttpResponse(body, content_type=f"text/xml; charset={recipe.charset}")
    body = answer(code=code, data=data, recipe=recipe, secret=secret, now=now)
    return HttpResponse(body, content_type="application/json; charset=utf-8")


def _admitted(call: Any, ip: str) -> Admitted:
    now = clock.now()
    key = f"market:strange:{ip_key(ip)}"
    if not limits.left(key, limit=STRANGE_A_MINUTE, seconds=60, now=now):
        raise MarketRefused(words.UNKNOWN_KEY)
    try:
        return admit_market(call=call, ip=ip, now=now)
    except MarketRefused as refusal:
        if refusal.code in {words.UNKNOWN_KEY, words.BAD_SIGNATURE}:
            limits.hit(key, limit=STRANGE_A_MINUTE, seconds=60, now=now)
        raise


def _no_such_act(admitted: Admitted, ip: str) -> Data:
    raise MarketRefused(words.BAD_REQUEST)


def _place(kind: MarketKind) -> Callable[[Admitted, str], Data]:
    def place(admitted: Admitted, ip: str) -> Data:
        asked = read_order(kind, admitted.data)
        row = take_order(market=admitted.market, asked=asked, now=clock.now())
        if row.state == MarketOrderState.REFUSED:
            raise MarketRefused(row.refusal)
        return shown_order(row, account=asked.account)

    return place


def _query(kind: MarketKind) -> Callable[[Admitted, str], Data]:
    def query(admitted: Admitted, ip: str) -> Data:
        row = (
            MarketOrder.objects.select_related("marketplace")
            .filter(marketplace=admitted.market, number=read_number(admitted.data), kind=kind)
            .first()
        )
        if row is None:
            raise MarketRefused(words.NOT_FOUND)
        now = clock.now()
        account = inputs_of(row).get("account", "")
        if kind is MarketKind.DIRECT or row.state != MarketOrderState.DONE:
            return shown_order(row, account=account)
        refuse_replay(admitted=admitted, now=now)
        return shown_order(row, account=account, cards=open_cards(row=row, ip=ip, now=now))

    return query


def _goods(admitted: Admitted, ip: str) -> Data:
    after, now = admitted.data.get("after") or "", clock.now()
    if not isinstance(after, str):
        raise MarketRefused(words.BAD_REQUEST)
    found = goods_after(admitted.market, after, now)
    page, charset = found[:GOODS_A_PAGE], admitted.speech.recipe.charset
    goods = [
        shown_good(one, stock=stock_of(one, admitted.market, now), charset=charset) for one in page
    ]
    return {"goods": goods, "next": page[-1].sku_code if len(found) > len(page) else ""}


def _balance(admitted: Admitted, ip: str) -> Data:
    market = admitted.market
    return {"balance": decimal_text(left_minor(market), market.currency)}


def _statement(admitted: Admitted, ip: str) -> Data:
    try:
        day = date.fromisoformat(str(admitted.data.get("day", "")))
    except ValueError as error:
        raise MarketRefused(words.BAD_REQUEST) from error
    market = admitted.market
    text = statement_text(moves_of_day(market, day), market.currency)
    return {"day": day.isoformat(), "file": text}


ACTS: dict[str, Callable[[Admitted, str], Data]] = {
    "cardOrder": _place(MarketKind.CARD),
    "directCharge": _place(MarketKind.DIRECT),
    "cardQuery": _query(MarketKind.CARD),
    "directQuery": _query(MarketKind.DIRECT),
    "goodsList": _goods,
    "accountBalance": _balance,
    "statement": _statement,
}
