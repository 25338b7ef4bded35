"""The daily bill: every movement of money of a day, as one signed CSV file."""

from simulators import breaks, clock, line
from simulators.clock import day_bounds
from simulators.faults import Plan
from simulators.localpay import api
from simulators.localpay.gateway import Gateway, Refusal
from simulators.localpay.signing import bill_message, sign_bytes
from simulators.server import Answer, Request, Router

SHAPE = breaks.Shape(
    header=("type", "number", "txn", "refund_number", "refund_txn", "amount_minor", "currency",
            "at", "fee_minor"),
    key=("type", "number", "txn", "refund_number", "refund_txn"),
    amount="amount_minor",
    types=("PAYMENT", "REFUND"),
    fee="fee_minor",
    theirs="txn",
)  # fmt: skip
_SQL = """
SELECT 'PAYMENT' AS type, number, txn, '' AS refund_number, '' AS refund_txn, amount_minor,
       currency, paid_at AS moved, fee_minor
  FROM payment WHERE merchant_id = ? AND paid_at >= ? AND paid_at < ?
UNION ALL
SELECT 'REFUND', r.number, p.txn, r.refund_number, r.refund_txn, r.amount_minor, r.currency,
       r.refunded_at, 0
  FROM refund r JOIN payment p ON p.merchant_id = r.merchant_id AND p.number = r.number
 WHERE r.merchant_id = ? AND r.status = 'SUCCESS' AND r.refunded_at >= ? AND r.refunded_at < ?
 ORDER BY moved, type, txn, refund_txn
"""


def lines_of(gw: Gateway, merchant_id: str, day: str, *, shift: int = 0) -> list[breaks.Line]:
    """True lines of a day in Shanghai, `shift` days later. Raises ValueError for no such day."""
    start, end = (bound + shift * 86400 for bound in day_bounds(day))
    rows = gw.store.rows(_SQL, merchant_id, start, end, merchant_id, start, end)
    return [
        {**{name: str(row[name]) for name in SHAPE.header if name != "at"},
         "at": clock.text(row["moved"])}
        for row in rows
    ]  # fmt: skip


def text_of(gw: Gateway, merchant_id: str, day: str) -> str:
    lines = lines_of(gw, merchant_id, day)
    before = lines_of(gw, merchant_id, day, shift=-1)
    return breaks.csv_text(SHAPE, breaks.apply(gw.store, SHAPE, lines, before, day))


def mount(router: Router, gw: Gateway) -> None:
    def handle(request: Request) -> Answer:
        gw.count("bill.day")
        params: dict[str, str] = {}
        plan = Plan()
        try:
            params = api.form_of(request)
            plan = gw.rules.plan("bill", params)
            instead = line.before(plan)
            if instead is not None:
                return instead
            api.shaped(params, "day")
            api.authenticated(gw, params, "bill.day")
            api.fresh(gw, params)
            answer = _file(gw, params, plan)
        except Refusal as why:
            answer = api.refused(gw, params, plan, why)
        return line.after(plan, answer)

    router.add("POST", "/api/bill", handle)


def _file(gw: Gateway, params: dict[str, str], plan: Plan) -> Answer:
    charset = gw.store.meta("bill_charset", "utf-8")
    try:
        text = text_of(gw, params["merchant_id"], params["day"])
    except ValueError as error:
        raise Refusal("BAD_REQUEST", "no such day") from error
    body = line.recoded(plan, text.encode(charset))
    stamp = str(int(gw.clock.unix()) - (3600 if "stale_reply" in plan else 0))
    nonce = params["nonce"] + ("x" if "wrong_nonce" in plan else "")
    key_id, key = gw.keys.active
    signed = body + b"?" if "bad_signature" in plan else body
    headers = {
        "Content-Type": f"text/csv; charset={charset}",
        "X-Localpay-Key-Id": key_id,
        "X-Localpay-Timestamp": stamp,
        "X-Localpay-Nonce": nonce,
        "X-Localpay-Sign": sign_bytes(key, bill_message(stamp, nonce, signed)),
    }
    return Answer(200, body, headers)
