"""Our books against the simulators' own logs, cent by cent and unit by unit, by SQL alone.

Nothing of the shop's code is trusted here: what the gateway and the supplier wrote down decides.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from tests.faults.goods import MEMBER_MINOR
from tests.faults.stage import Stage

DELIVERED_UNITS = """
select d.reference, d.line, d.unit, d.public_id, d.kind, l.paid_minor / l.quantity as unit_minor
from fulfillment_delivery d join orders_orderline l on l.public_id = d.line
where d.state = 'delivered'
"""
FROM_BALANCES = """
select o.public_id as reference, b.owner, b.amount_minor - b.returned_minor as minor
from orders_balancepayment b join orders_order o on o.id = b.order_id where b.state = 'spent'
"""
ISSUED = """
select c.id::text, c.state, c.batch_id, i.id as issue, d.state as delivery_state, d.reference
from fulfillment_code c left join fulfillment_codeissue i on i.code_id = c.id
left join fulfillment_delivery d on d.id = i.delivery_id
"""


def compare(stage: Stage, seen: Iterable[tuple[str, list[str]]] = ()) -> None:
    """Everything below; `seen` is (order, codes) as the buyers' browsers showed them."""
    money_in_and_out(stage)
    money_is_for_goods(stage)
    balances_add_up(stage)
    supplier_units(stage)
    codes_conserved(stage)
    codes_seen(stage, seen)


def _by(rows: Iterable[dict[str, Any]], *names: str) -> dict[Any, dict[str, Any]]:
    return {
        tuple(row[name] for name in names) if len(names) > 1 else row[names[0]]: row for row in rows
    }


def money_in_and_out(stage: Stage) -> None:
    """Gateway payments and refunds = our rows = our journals = psp_clearing, by number and in all."""
    truth = stage.gateway.truth()
    theirs_in = {
        p["number"]: (p["amount_minor"], p["txn"])
        for p in truth["payments"]
        if p["status"] == "SUCCESS"
    }
    theirs_out = {
        r["refund_number"]: (r["number"], r["amount_minor"])
        for r in truth["refunds"]
        if r["status"] == "SUCCESS"
    }
    payments = stage.rows(
        "select p.*, o.public_id as order_id from orders_payment p join orders_order o on o.id = p.order_id"
        " where p.provider = 'localpay'"
    )
    refunds = stage.rows(
        "select r.*, p.number as payment_number from orders_refund r join orders_payment p on p.id = r.payment_id"
    )
    ours_in = {
        p["number"]: (p["amount_minor"], p["provider_txn"])
        for p in payments
        if p["state"] == "succeeded"
    }
    ours_out = {
        r["number"]: (r["payment_number"], r["amount_minor"])
        for r in refunds
        if r["state"] == "succeeded"
    }
    same(theirs_in, ours_in, "payments of the gateway and ours")
    same(theirs_out, ours_out, "refunds of the gateway and ours")
    journals = _by(
        stage.rows(
            "select j.key, sum(p.amount) filter (where p.account_id = 'psp_clearing:localpay') as cleared"
            " from core_journal j join core_posting p on p.journal_id = j.id group by j.key"
        ),
        "key",
    )
    for row in payments:
        if row["state"] == "succeeded":
            key = f"payment.succeeded:{row['public_id']}"
            assert journals[key]["cleared"] == theirs_in[row["number"]][0], key
    for row in refunds:
        if row["state"] == "succeeded":
            key = f"refund.succeeded:{row['public_id']}"
            assert journals[key]["cleared"] == -theirs_out[row["number"]][1], key
    cleared = stage.one(
        "select coalesce(sum(amount), 0) from core_posting where account_id = 'psp_clearing:localpay'"
    )
    total = sum(amount for amount, _ in theirs_in.values()) - sum(
        amount for _, amount in theirs_out.values()
    )
    assert cleared == total, f"psp_clearing {cleared}, the gateway holds {total}"
    assert all(p["currency"] == "CNY" for p in [*payments, *refunds])


def money_is_for_goods(stage: Stage) -> None:
    """What an order's money is, less what went back, is the price of the units it has: never kept, never given."""
    truth = stage.gateway.truth()
    order_of = {
        row["number"]: row["order_id"]
        for row in stage.rows(
            "select p.number, o.public_id as order_id from orders_payment p join orders_order o on o.id = p.order_id"
        )
    }
    kept: Counter[str] = Counter()
    for payment in truth["payments"]:
        if payment["status"] == "SUCCESS":
            kept[order_of[payment["number"]]] += payment["amount_minor"]
    for refund in truth["refunds"]:
        if refund["status"] == "SUCCESS":
            kept[order_of[refund["number"]]] -= refund["amount_minor"]
    for row in stage.rows(FROM_BALANCES):
        kept[row["reference"]] += int(row["minor"])
    worth: Counter[str] = Counter()
    for unit in stage.rows(DELIVERED_UNITS):
        worth[unit["reference"]] += unit["unit_minor"]
    same(
        {k: v for k, v in kept.items() if v},
        {k: v for k, v in worth.items() if v},
        "money kept and goods handed over",
    )
    accounts = _by(
        stage.rows("select account_id, sum(amount) as total from core_posting group by account_id"),
        "account_id",
    )
    for account in ("order_obligation", "unallocated_receipts", "refund_payable"):
        assert accounts.get(account, {"total": 0})["total"] == 0, (
            f"{account}: {accounts[account]['total']}"
        )
    revenue = -int(accounts.get("revenue", {"total": 0})["total"])
    assert revenue == sum(worth.values()), f"revenue {revenue}, goods {sum(worth.values())}"


def balances_add_up(stage: Stage) -> None:
    """What a member has is what was put there, less what their orders kept of it."""
    kept: Counter[str] = Counter()
    for row in stage.rows(FROM_BALANCES):
        kept[row["owner"]] += int(row["minor"])
    has = {
        row["account_id"].partition(":")[2]: -int(row["total"])
        for row in stage.rows(
            "select account_id, sum(amount) as total from core_posting"
            " where account_id like 'balance:%%' group by account_id", ()
        )
    }  # fmt: skip
    members = [one["id"] for one in stage.goods.members]
    same({one: MEMBER_MINOR - kept[one] for one in members}, has, "balances and what was spent")


def supplier_units(stage: Stage) -> None:
    """Every grant is one delivered unit at the booked cost; every delivered top-up is one grant."""
    truth = stage.supplier.truth()
    grants: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for grant in truth["grants"]:
        if grant["reversed_at"] is None:
            grants[grant["external_id"]].append(grant)
    attempts = stage.rows(
        "select a.number, a.state, a.cost_minor, d.public_id as delivery, d.state as delivery_state,"
        " d.kind from fulfillment_attempt a join fulfillment_delivery d on d.id = a.delivery_id"
    )
    by_number = _by(attempts, "number")
    bought: Counter[str] = Counter()
    for number, units in grants.items():
        attempt = by_number[number]
        assert len(units) == 1, f"{number}: {len(units)} grants for one unit"
        assert (attempt["state"], attempt["delivery_state"]) == ("succeeded", "delivered"), (
            f"granted, and we say {attempt}"
        )
        assert attempt["cost_minor"] == units[0]["cost_minor"], attempt
        bought[attempt["delivery"]] += 1
    delivered = {
        row["public_id"]
        for row in stage.rows(
            "select public_id from fulfillment_delivery where state = 'delivered' and kind = 'topup'"
        )
    }
    same(dict.fromkeys(delivered, 1), dict(bought), "delivered top-ups and the supplier's grants")
    spent = sum(m["amount_minor"] for m in truth["movements"] if m["type"] != "TOPUP")
    booked = stage.rows(
        "select account_id, sum(amount) as total from core_posting"
        " where account_id like 'supplier_%%' group by account_id", ()
    )  # fmt: skip
    books = {row["account_id"]: int(row["total"]) for row in booked}
    assert books.get("supplier_prepaid:c", 0) == stage.funded_minor + spent, (
        f"prepaid {books}, the supplier took {spent}"
    )
    assert books.get("supplier_suspense:c", 0) == 0, books


def codes_conserved(stage: Stage) -> None:
    """All imported codes are there; sold ones are issued once, to a delivered unit; nothing is held."""
    rows = stage.rows(ISSUED)
    states = Counter(row["state"] for row in rows)
    assert len({row["id"] for row in rows}) == len(rows), "a code was issued twice"
    imported = stage.one("select sum(accepted) from fulfillment_codebatch")
    assert sum(states.values()) == imported, f"{imported} imported, {dict(states)} there"
    assert set(states) <= {"available", "sold"}, dict(states)
    for row in rows:
        assert (row["state"] == "sold") == (row["issue"] is not None), row
        assert row["issue"] is None or row["delivery_state"] == "delivered", row
    pool_units = stage.one(
        "select count(*) from fulfillment_delivery where state = 'delivered' and kind = 'pool'"
    )
    assert pool_units == states["sold"], f"{pool_units} units, {states['sold']} codes"


def codes_seen(stage: Stage, seen: Iterable[tuple[str, list[str]]]) -> None:
    """What buyers were shown: codes of our files, each to one order only, as many as it has units."""
    units = Counter(
        row["reference"]
        for row in stage.rows(
            "select reference from fulfillment_delivery where kind = 'pool' and state = 'delivered'"
        )
    )
    owner: dict[str, str] = {}
    for order, codes in seen:
        assert len(codes) <= units[order], (
            f"{order} was shown {len(codes)} codes for {units[order]} units"
        )
        for code in codes:
            assert code in stage.known, f"{order} was shown {code}, which was never imported"
            assert owner.setdefault(code, order) == order, (
                f"{code} went to {owner[code]} and {order}"
            )


def same(theirs: dict[Any, Any], ours: dict[Any, Any], what: str) -> None:
    """Raise AssertionError with the differing entries."""
    apart = {key: (theirs.get(key), ours.get(key)) for key in theirs.keys() | ours.keys()
             if theirs.get(key) != ours.get(key)}  # fmt: skip
    assert not apart, f"{what} differ in {len(apart)}: {dict(list(apart.items())[:5])}"
