"""How many redemptions a second the engine carries, and how many over the tills' signed API.

Every redemption is another card's or another turn's use of a card, by one of 32 tills at eight stores; each is
durable and has its event, its ledger entry and its answer. *Engine*: the service itself, called by as many
processes as there are cores. *Tills*: keep-alive HTTP, signed, nonces kept. Rounds alternate with pgbench on
the same server; CPU is web + database + Valkey, not the client's.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import multiprocessing
import os
import secrets
import time
from dataclasses import dataclass, field
from statistics import median
from threading import Thread
from typing import Any

from benchmarks.parts import ceiling, figures, processes, shop
from benchmarks.parts.client import Broken, where

STORES, TILLS, USES, SHARE_MINOR = 8, 32, 50, 900
PATH = "/api/till/v1/redeem"
CODE = "BENCH-CARD"


@dataclass
class Round:
    """What one round measured. Times in milliseconds."""

    done: int = 0
    seconds: float = 0.0
    took: list[float] = field(default_factory=list)
    cpu: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return self.done / self.seconds


@dataclass(frozen=True)
class Till:
    key: str
    secret: bytes
    store: str


def open_tills(cards: int) -> tuple[list[Till], list[str]]:
    """Stores with tills, and sold cards of 50 uses; the codes are known to this benchmark alone."""
    from catalog.models import Sku
    from catalog.states import DeliveryKind, StockMode
    from core import clock
    from core.crypto import ensure_data_key
    from fulfillment.models import Merchant, Store, VoucherPlace, VoucherTerms
    from fulfillment.services.redeeming.make_till import make_till

    ensure_data_key()
    now = clock.now()
    merchant, _ = Merchant.objects.get_or_create(
        code="bench", defaults={"name": "压测", "name_en": "Bench", "created_at": now}
    )
    stores = [
        Store.objects.get_or_create(
            merchant=merchant, code=f"s{n}",
            defaults={"name": f"店{n}", "name_en": f"Store {n}", "created_at": now},
        )[0]
        for n in range(STORES)
    ]  # fmt: skip
    sku = Sku.objects.filter(code=CODE).first() or _card(DeliveryKind.VOUCHER, StockMode.VOUCHER)
    terms, new = VoucherTerms.objects.get_or_create(sku=sku, defaults={"uses_total": USES})
    if new:
        VoucherPlace.objects.create(terms=terms, merchant=merchant, share_minor=SHARE_MINOR)
    tills = []
    for n in range(TILLS):
        store = stores[n % STORES].public_id
        made = make_till(store=store, name=f"till {n}", addresses="", by="system", now=now)
        tills.append(Till(made.key, made.secret.encode(), store))
    return tills, _sell(sku.pk, cards)


def _card(kind: str, mode: str) -> Any:
    from catalog.models import Brand, Category, Product, ProductType, Sku
    from catalog.states import ProductState
    from core import cache, clock

    product_type = ProductType.objects.create(
        code="bench-card", name="压测券", name_en="Bench card", delivery_kind=kind, stock_mode=mode
    )
    product = Product.objects.create(
        slug="bench-times-card", name="压测次卡", name_en="Bench times-card",
        product_type=product_type, state=ProductState.PAUSED, created_at=clock.now(),
        category=Category.objects.create(slug="bench-cards", name="压测券", name_en="Bench cards"),
        brand=Brand.objects.create(slug="bench-cards", name="压测券", name_en="Bench cards", hue=25),
    )  # fmt: skip
    sku = Sku.objects.create(
        product=product, code=CODE, name="50 次", name_en="50 uses", stock_mode=mode
    )
    cache.bump("catalog")
    return sku


def _sell(sku: int, cards: int) -> list[str]:
    from django.db import connection

    from core import clock
    from core.ids import new_id
    from core.tx import step
    from fulfillment.models import VoucherCode
    from fulfillment.services.open_deliveries import OpenLine, open_deliveries
    from fulfillment.services.redeeming.issue_voucher import open_voucher

    print(f"selling {cards:,} cards …", flush=True)
    codes = []
    for start in range(0, cards, 100):
        reference = new_id("ord")
        with step():
            open_deliveries(
                reference=reference, owner=None, channel="main",
                lines=[OpenLine("a", sku, min(100, cards - start))], now=clock.now(),
            )  # fmt: skip
        rows = VoucherCode.objects.filter(entitlement__reference=reference)
        codes += [open_voucher(row.pk, row.sealed) for row in rows]
    with connection.cursor() as cursor:
        # As autovacuum does once a shop has sold for a minute.
        cursor.execute("analyze")
    return codes


# --- the engine: the service itself, in processes of its own --------------------------------------


def _work(
    tills: list[Till], codes: list[str], seconds: float, threads: int
) -> tuple[list[float], float]:
    """One process: threads that redeem until the time is over. Milliseconds of each, and its CPU seconds."""
    from django.db import connections

    from core import clock
    from fulfillment.models import TillKey
    from fulfillment.queries.clerks import till_view
    from fulfillment.services.redeeming.redeem import redeem

    rows = TillKey.objects.select_related("store__merchant").filter(
        public_id__in=[till.key for till in tills]
    )
    views = [till_view(row) for row in rows]
    took: list[float] = []
    used = time.process_time()
    ends = time.monotonic() + seconds

    def run(mine: int) -> None:
        turn = mine
        try:
            while time.monotonic() < ends:
                began = time.perf_counter()
                redeem(
                    code=codes[turn % len(codes)], clerk=views[turn % len(views)],
                    nonce=secrets.token_urlsafe(12), ip="10.0.0.1", now=clock.now(),
                )  # fmt: skip
                took.append((time.perf_counter() - began) * 1000)
                turn += threads
        finally:
            connections.close_all()

    crowd = [Thread(target=run, args=(n,)) for n in range(threads)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    return took, time.process_time() - used


def _apart(given: tuple[list[Till], list[str], float, int]) -> tuple[list[float], float]:
    import django

    django.setup()
    return _work(*given)


def run_engine(tills: list[Till], codes: list[str], *, seconds: float, clients: int) -> Round:
    """As many processes as cores, each with its own cards."""
    cores = min(os.cpu_count() or 1, 4)
    shares = [(tills, codes[n::cores], seconds, max(1, clients // cores)) for n in range(cores)]
    before = processes.cpu_seconds()
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        found = pool.map(_apart, shares)
    cpu = processes.spent(before, processes.cpu_seconds())
    took = [ms for part, _cpu in found for ms in part]
    return Round(len(took), seconds, took, {**cpu, "web": sum(used for _, used in found)})


# --- the tills: signed requests over kept connections ---------------------------------------------


class TillClient:
    """One till's connection."""

    def __init__(self, till: Till, address: tuple[str, int]) -> None:
        self.till, self.host, self.port = till, *address

    async def redeem(self, code: str) -> dict[str, Any]:
        body = json.dumps({"code": code, "nonce": secrets.token_urlsafe(12)}).encode()
        stamp, nonce = str(int(time.time())), secrets.token_urlsafe(16)
        lines = (self.till.key, "POST", PATH, "", hashlib.sha256(body).hexdigest(), stamp, nonce)
        signature = hmac.digest(self.till.secret, "\n".join(lines).encode(), "sha256").hex()
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nX-Forwarded-For: 10.1.1.1\r\n"
            f"X-Till-Key: {self.till.key}\r\nX-Till-Timestamp: {stamp}\r\nX-Till-Nonce: {nonce}\r\n"
            f"X-Till-Signature: {signature}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self.writer.write(head.encode() + body)
        raw = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(raw.partition("content-length: ")[2].partition("\r\n")[0])
        answer = await self.reader.readexactly(length)
        if not raw.startswith("http/1.1 200"):
            raise Broken(f"redeem: {raw[:30]} {answer[:300]!r}")
        found: dict[str, Any] = json.loads(answer)
        return found

    async def run(self, codes: list[str], ends: float, result: Round) -> None:
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        turn = 0
        while time.monotonic() < ends:
            began = time.perf_counter()
            await self.redeem(codes[turn % len(codes)])
            result.took.append((time.perf_counter() - began) * 1000)
            result.done += 1
            turn += 1
        self.writer.close()


async def run_tills(tills: list[Till], codes: list[str], *, seconds: float, clients: int) -> Round:
    """`clients` tills at once, each scanning as soon as it has its answer."""
    address, result = where(os.environ["SITE_URL"]), Round()
    before, began = processes.cpu_seconds(), time.monotonic()
    await asyncio.gather(
        *(
            TillClient(tills[n % len(tills)], address).run(
                codes[n::clients], began + seconds, result
            )
            for n in range(clients)
        )
    )
    result.seconds = time.monotonic() - began
    result.cpu = processes.spent(before, processes.cpu_seconds())
    return result


def _statements(tills: list[Till], codes: list[str]) -> int:
    """SQL statements of one warm redemption, commits not counted."""
    from core import clock
    from fulfillment.models import TillKey
    from fulfillment.queries.clerks import till_view
    from fulfillment.services.redeeming.redeem import redeem

    view = till_view(TillKey.objects.get(public_id=tills[0].key))
    counts: dict[str, int] = {}
    for _warm in range(3):
        counts = {}
        with shop._counted(counts, "redeem"):
            redeem(
                code=codes[0], clerk=view, nonce=secrets.token_urlsafe(12), ip="", now=clock.now()
            )
    return counts["redeem"]


def _check() -> int:
    """Nothing was used twice or lost: the invariants over everything that was done."""
    from core import clock
    from core.invariants import check_all

    wrong = [str(one) for one in check_all(now=clock.now(), only="INV-V")]
    if wrong:
        raise Broken("; ".join(wrong))
    return len(wrong)


def main() -> None:
    parser = argparse.ArgumentParser(prog="dev.py bench redeem", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--cards", type=int, default=2_000)
    chosen = parser.parse_args()
    tills, codes = open_tills(chosen.cards)
    statements = _statements(tills, codes)
    asked = {"seconds": chosen.seconds, "clients": chosen.clients}
    asyncio.run(run_tills(tills, codes, seconds=2, clients=chosen.clients))
    rounds = []
    with ceiling.prepared():
        for number in range(chosen.rounds):
            alone = ceiling.sell_per_second(**asked)
            engine = run_engine(tills, codes, **asked)
            api = asyncio.run(run_tills(tills, codes, **asked))
            rounds.append((alone, engine, api))
            print(
                f"round {number + 1}: pgbench {alone:,.0f}/s, engine {engine.rate:,.0f}/s,"
                f" tills {api.rate:,.0f}/s"
            )
    _check()
    _report(rounds, statements)


def _report(rounds: list[tuple[float, Round, Round]], statements: int) -> None:
    engine, api = [e.rate for _, e, _ in rounds], [a.rate for *_, a in rounds]
    ratios = [e.rate / alone for alone, e, _ in rounds]
    cpu = [sum(a.cpu.values()) * 1000 / a.done for *_, a in rounds]
    engine_cpu = [sum(e.cpu.values()) * 1000 / e.done for _, e, _ in rounds]
    cores = os.cpu_count() or 1
    engine_ms = [ms for _, e, _ in rounds for ms in e.took]
    api_ms = [ms for *_, a in rounds for ms in a.took]
    rows = [
        ("redemptions a second, engine", figures.spread(engine)),
        ("redemptions a second, tills over HTTP", figures.spread(api)),
        ("pgbench, sell one code", figures.spread([alone for alone, *_ in rounds], 0)),
        ("ratio of the engine", figures.spread(ratios, 4)),
        ("statements a redemption", str(statements)),
        ("CPU ms a redemption, engine", figures.spread(engine_cpu, 2)),
        (f"what {cores} idle cores carry by that", f"{cores * 1000 / median(engine_cpu):,.0f}/s"),
        ("CPU ms a redemption over HTTP", figures.spread(cpu, 2)),
        ("engine p50 / p99 ms", _both(engine_ms)),
        ("tills p50 / p99 ms", _both(api_ms)),
    ]
    for part in rounds[0][2].cpu:
        share = [a.cpu[part] * 1000 / a.done for *_, a in rounds]
        rows.append((f"  of which {part}", figures.spread(share, 2)))
    figures.table(rows)
    figures.closing_line(
        "redeem", engine_per_s=median(engine), tills_per_s=median(api), ratio=median(ratios),
        statements=statements, engine_cpu_ms=median(engine_cpu), cpu_ms=median(cpu),
        p99_ms=figures.percentile(engine_ms, 0.99),
        tills_p99_ms=figures.percentile(api_ms, 0.99),
        redemptions=sum(e.done + a.done for _, e, a in rounds),
    )  # fmt: skip


def _both(took: list[float]) -> str:
    return f"{median(took):.1f} / {figures.percentile(took, 0.99):.1f}"


if __name__ == "__main__":
    main()
