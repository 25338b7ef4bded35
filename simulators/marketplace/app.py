"""The marketplace put together: an ear for results, acts for a script, its truth."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from simulators import control, running
from simulators.clock import Clock
from simulators.faults import Rules
from simulators.marketplace.market import FAULTS, SCHEMA, Marketplace
from simulators.marketplace.results import hear
from simulators.marketplace.signing import TAILS, Recipe
from simulators.server import Answer, Request, Router, json_answer
from simulators.store import Store

MOST_COPIES = 64
TABLES = {
    "orders": "SELECT * FROM ordered ORDER BY number",
    "cards": "SELECT * FROM card ORDER BY number, card_no, card_pass",
    "results": "SELECT * FROM result ORDER BY id",
}


def main() -> None:
    parser = running.parser("marketplace")
    parser.add_argument("--tail", choices=TAILS, default="&key=")
    parser.add_argument("--charset", choices=("utf-8", "gbk"), default="utf-8")
    parser.add_argument("--upper", action="store_true", help="signatures in capitals")
    parser.add_argument("--ack", choices=("success", "ok"), default="success")
    options = parser.parse_args()
    store = Store(options.state, SCHEMA)
    market = Marketplace(
        store, Clock(store), Rules(seed=options.seed, known=FAULTS),
        Recipe(options.tail, options.charset, options.upper), ack=options.ack,
    )  # fmt: skip
    running.serve(
        "marketplace", host=options.host, port=options.port, state=options.state,
        router=routes(market),
    )  # fmt: skip


def routes(market: Marketplace) -> Router:
    def truth(_: Request) -> Answer:
        return json_answer({name: market.store.rows(sql) for name, sql in TABLES.items()})

    router = Router()
    router.add("GET", "/health", lambda _: json_answer({"ok": True}))
    router.add("POST", "/results", lambda request: hear(market, request))
    router.add("GET", "/truth", truth, local=True)
    control.mount(
        router, {**control.common_acts(market.rules, market.clock, _idle), **_acts(market)}
    )
    return router


def _acts(market: Marketplace) -> dict[str, control.Act]:
    def connect(body: dict[str, Any]) -> dict[str, Any]:
        """Where the shop is, and as whom it is called."""
        market.shop, market.key = str(body["shop"]).rstrip("/"), str(body["key"])
        market.secret = str(body["secret"])
        return {}

    def order(body: dict[str, Any]) -> dict[str, Any]:
        """Order, `copies` of the same at once."""
        copies = min(int(body.get("copies", 1)), MOST_COPIES)
        number, kind, data = str(body["number"]), str(body["kind"]), dict(body["data"])
        with ThreadPoolExecutor(max_workers=copies) as pool:
            answers = list(pool.map(lambda _: market.order(number, kind, data), range(copies)))
        return {"answers": answers}

    return {
        "connect": connect,
        "order": order,
        "query": lambda body: {"answer": market.query(str(body["number"]))},
        "call": lambda body: {"answer": market.call(str(body["action"]), dict(body["data"]))},
    }


def _idle() -> None:
    """The marketplace has no motor of its own: it does what its script says."""
