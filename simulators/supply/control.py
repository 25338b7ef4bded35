"""Scripts' side of the supplier: `/control/*`, loopback only."""

import base64
import json
from collections.abc import Callable
from typing import Any

from simulators import breaks
from simulators.control import Act, Refused, common_acts
from simulators.control import mount as mount_acts
from simulators.outgoing import Message, post_copies
from simulators.server import Router
from simulators.supply import course, history, products, statement
from simulators.supply.store import Row, balance_of, move_money, order_of, set_order
from simulators.supply.supplier import REPEATS, Supplier

Body = dict[str, Any]


def mount(router: Router, sup: Supplier) -> None:
    own: dict[str, Callable[[Supplier, Body], Body]] = {
        "product": _product,
        "balance": _balance,
        "finish": _finish,
        "callback": _callback,
        "recallback": _recallback,
        "forgeries": _forgeries,
        "claim": _claim,
        "repeat": _repeat,
        "key": _key,
        "statement_breaks": _statement_breaks,
        "mend_statements": _mend_statements,
        "busy_day": history.busy_day,
    }
    acts: dict[str, Act] = {name: _bound(sup, act) for name, act in own.items()}
    common = common_acts(sup.rules, sup.clock, sup.poke)
    mount_acts(router, {**common, **acts, **sup.dialect.acts()})


def _bound(sup: Supplier, act: Callable[[Supplier, Body], Body]) -> Act:
    return lambda body: act(sup, body)


def _product(sup: Supplier, body: Body) -> Body:
    values = {name: value for name, value in body.items() if name != "product"}
    return sup.dialect.item(products.change(sup, str(body["product"]), values))


def _balance(sup: Supplier, body: Body) -> Body:
    wanted = int(body["balance_minor"])
    with sup.store.write():
        step = wanted - balance_of(sup.store)
        move_money(sup.store, kind="TOPUP", amount_minor=step, at=sup.clock.unix())
    return {"balance_minor": wanted}


def _must(sup: Supplier, body: Body) -> Row:
    row = order_of(sup.store, str(body["external_id"]))
    if row is None:
        raise Refused("ORDER_NOT_FOUND")
    return row


def _finish(sup: Supplier, body: Body) -> Body:
    with sup.store.write():
        row = _must(sup, body)
        # What is ended by hand is also told as it is, whatever word it was hidden behind.
        set_order(sup.store, row["id"], odd_word="")
        row = course.end(sup, row, str(body["state"]), code=str(body.get("code", "")))
    return {"order": sup.dialect.shown(sup, row, cards=False)}


def _callback_row(sup: Supplier, body: Body) -> Row:
    """The last callback of an order; one is made up when none was sent yet."""
    row = _must(sup, body)
    sql = "SELECT * FROM callback WHERE external_id = ? ORDER BY rowid DESC LIMIT 1"
    found = sup.store.row(sql, row["external_id"])
    if found is not None:
        return found
    return {
        "callback_id": f"CBX{row['id']:013d}",
        "external_id": row["external_id"],
        "type": f"order.{row['state'].lower()}",
        "url": row["callback_url"],
        "key_id": row["key_id"],
        "shown": json.dumps(sup.dialect.shown(sup, row, cards=False), ensure_ascii=False),
    }


def _callback(sup: Supplier, body: Body) -> Body:
    row = _callback_row(sup, body)
    changes = dict(body.get("changes") or {})
    mark = "-changed" if changes else ""
    forge = str(body.get("forge") or "")
    say = sup.dialect
    made = say.forge(sup, row, forge, changes) if forge else say.message(sup, row, changes, mark)
    return _shown(made)


def _forgeries(sup: Supplier, body: Body) -> Body:
    return {"kinds": list(sup.dialect.forgeries())}


def _claim(sup: Supplier, body: Body) -> Body:
    return {"changes": sup.dialect.claim(str(body["state"]))}


def _shown(made: Message) -> Body:
    return {
        "url": made.url,
        "headers": dict(made.headers),
        "body_base64": base64.b64encode(made.body).decode(),
    }


def _recallback(sup: Supplier, body: Body) -> Body:
    copies = int(body.get("copies", 1))
    replies = post_copies(
        sup.dialect.message(sup, _callback_row(sup, body)),
        copies=copies,
        concurrency=int(body.get("concurrency", copies)),
    )
    acked = sum(sup.dialect.taken(reply) for reply in replies)
    return {"statuses": [reply.status for reply in replies], "acked": acked}


def _repeat(sup: Supplier, body: Body) -> Body:
    mode = str(body["mode"])
    if mode not in REPEATS:
        raise ValueError("201, 200 or 409")
    sup.repeat = mode
    return {}


def _key(sup: Supplier, body: Body) -> Body:
    key_id = str(body["key_id"])
    if "secret" in body:
        sup.set_key(key_id, str(body["secret"]))
    if "disabled" in body:
        off = 1 if body["disabled"] else 0
        sup.store.run("UPDATE key SET disabled = ? WHERE key_id = ?", off, key_id)
    return {}


def _statement_breaks(sup: Supplier, body: Body) -> Body:
    day = str(body["day"])
    planted = breaks.plant(
        sup.store,
        statement.SHAPE,
        [found for found in statement.lines_of(sup, day) if found["id"]],
        day=day,
        count=int(body.get("count", 1)),
        seed=int(body.get("seed", 0)),
        kinds=list(body.get("kinds") or breaks.KINDS),
    )
    return {"breaks": planted}


def _mend_statements(sup: Supplier, body: Body) -> Body:
    """The files are true again."""
    return {"mended": sup.store.run("DELETE FROM break")}
