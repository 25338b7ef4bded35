"""Taking an order: once per external id, charged when taken, refused by a listed code."""

import json
import time
from typing import Any

from simulators.faults import Plan
from simulators.supply import course, products
from simulators.supply.store import Row, balance_of, move_money, order_of
from simulators.supply.supplier import Refusal, Supplier
from simulators.supply.wish import Wish

SHORTEST_ACCOUNT = 3


def place(sup: Supplier, wish: Wish, *, key_id: str, plan: Plan) -> tuple[int, Row]:
    """HTTP status and order. Raises Refusal; a definite refusal is recorded too."""
    with sup.store.write():
        row = order_of(sup.store, wish.external_id)
        if row is not None:
            return _again(sup, row, wish), row
        product = products.find(sup, wish.product)
        unit = _unit_cost(product, plan)
        code = _refusal_code(sup, product, wish, unit, plan)
        order_id = _insert(sup, wish, product, unit, key_id, plan, code)
        if code:
            row = _must(sup, wish.external_id)
        else:
            _charge(sup, order_id, wish, product, unit)
            row = course.run_due(sup, _must(sup, wish.external_id))
    sup.poke()
    if code:
        raise _refused(sup, row)
    return 201, row


def _again(sup: Supplier, row: Row, wish: Wish) -> int:
    if row["content"] != wish.content:
        raise Refusal(409, "EXTERNAL_ID_CONFLICT", "this id was used for another order")
    if sup.repeat == "409":
        raise Refusal(409, "DUPLICATE_EXTERNAL_ID", "look it up")
    if row["refused"]:
        raise _refused(sup, row)
    return int(sup.repeat)


def _refused(sup: Supplier, row: Row) -> Refusal:
    return Refusal(422, row["reason"], "not taken", order=sup.dialect.shown(sup, row))


def _unit_cost(product: Row | None, plan: Plan) -> int:
    if product is None:
        return 0
    cost = int(product["cost_minor"])
    if "price" in plan:
        return cost + cost * int(plan.get("price", "percent", 20)) // 100
    return cost


def _refusal_code(sup: Supplier, product: Row | None, wish: Wish, unit: int, plan: Plan) -> str:
    """The listed reason not to take this order; empty when it is taken."""
    if product is None:
        return "UNKNOWN_PRODUCT"
    total = unit * wish.quantity
    limit = None if plan.get("price", "ignore_limit", False) else wish.max_cost_minor
    checks = (
        (product["state"] != "on", "PRODUCT_OFF"),
        (wish.quantity > product["max_quantity"], "QUANTITY_ABOVE_LIMIT"),
        (not _target_fits(product, wish), "BAD_ACCOUNT"),
        (product["stock"] is not None and product["stock"] < wish.quantity, "OUT_OF_STOCK"),
        (limit is not None and total > limit, "PRICE_ABOVE_LIMIT"),
        (total > balance_of(sup.store), "INSUFFICIENT_BALANCE"),
        ("reject" in plan, str(plan.get("reject", "code", "OUT_OF_STOCK"))),
    )
    return next((code for failed, code in checks if failed), "")


def _target_fits(product: Row, wish: Wish) -> bool:
    if product["kind"] == "card":
        return wish.target is None
    return len(wish.account.strip()) >= SHORTEST_ACCOUNT


def _insert(
    sup: Supplier, wish: Wish, product: Row | None, unit: int, key_id: str, plan: Plan, code: str
) -> int:
    now, moved = time.time(), sup.clock.unix()
    hidden = float(plan.get("hide", "seconds", 0))
    values: dict[str, Any] = {
        "external_id": wish.external_id,
        "content": wish.content,
        "product": wish.product,
        "kind": product["kind"] if product else "direct",
        "quantity": wish.quantity,
        "target": json.dumps(wish.target, ensure_ascii=False),
        "account": wish.account,
        "callback_url": wish.callback_url or sup.callback_url,
        "key_id": key_id,
        "state": "REJECTED" if code else "PENDING",
        "reason": code,
        "refused": 1 if code else 0,
        "unit_minor": unit,
        "cost_minor": 0 if code else unit * wish.quantity,
        "course": json.dumps(course.planned(sup, plan)),
        "next_at": None if code else course.first_step(sup, plan, now),
        "hidden_until": moved + hidden if hidden else None,
        "odd_word": str(plan.get("odd_state", "word", "ON_HOLD")) if "odd_state" in plan else "",
        "created_at": moved,
        "updated_at": moved,
    }
    return sup.store.insert("placed", values)


def _charge(sup: Supplier, order_id: int, wish: Wish, product: Row | None, unit: int) -> None:
    move_money(
        sup.store,
        kind="ORDER",
        amount_minor=-unit * wish.quantity,
        at=sup.clock.unix(),
        order_id=order_id,
    )
    if product is not None and product["stock"] is not None:
        sup.store.run(
            "UPDATE product SET stock = stock - ? WHERE code = ?", wish.quantity, wish.product
        )


def look_up(sup: Supplier, external_id: str) -> Row:
    """Raises Refusal 404 when unknown, or still hidden by script."""
    row = order_of(sup.store, external_id)
    hidden = row is not None and row["hidden_until"] is not None
    if row is None or (hidden and sup.clock.unix() < row["hidden_until"]):
        raise Refusal(404, "ORDER_NOT_FOUND", "no order of that id")
    return row


def _must(sup: Supplier, external_id: str) -> Row:
    row = order_of(sup.store, external_id)
    if row is None:
        raise Refusal(404, "ORDER_NOT_FOUND", external_id)
    return row
