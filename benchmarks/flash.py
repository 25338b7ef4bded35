"""A flash sale under a storm: thousands of buyers for a few units, and what other goods feel of it (D01, M3).

Every buyer is a new person at a new address who opens the sale's page, orders, waits in line as told and pays.
Beside them somebody buys another good, so many times a second whatever the answers take (open loop), before the
storm and during it: an order is well when it takes no longer than twice what 95 % of them took before.
"""

import argparse
import asyncio
import os
import random
import re
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import unescape
from http import HTTPStatus
from ipaddress import IPv4Address
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from benchmarks.parts import figures, shop
from benchmarks.parts.client import Broken, Visitor, expect, where
from benchmarks.sell import Buyers, Round
from catalog.models import Brand, Category, Channel, Price, Product, ProductType, Sku
from catalog.states import ProductState, StockMode
from core import cache, clock
from fulfillment.services.import_codes import ImportRequest, import_codes
from fulfillment.services.run_import import run_import
from orders.models import FlashSale, FlashUnit
from orders.services.run_flash import advance_flashes, cut_flash
from orders.states import PAID_SIDE
from simulators.localpay.script import Signer

HIDDEN = re.compile(r'name="(csrfmiddlewaretoken|form_token|fingerprint|ticket)" value="([^"]*)"')
TURN = re.compile(r'data-turn="([^"]+)"')
PRICE_MINOR = 9300
AT_ONCE = 64
TURNS = 5
PATIENCE = 2.0


@dataclass
class Storm:
    """What the buyers met. Times in milliseconds."""

    pages: list[float] = field(default_factory=list)
    refusals: list[float] = field(default_factory=list)
    orders: list[float] = field(default_factory=list)
    paid: int = 0
    waited: int = 0
    others: list[str] = field(default_factory=list)


class Crowd:
    """The buyers of the flash sale."""

    def __init__(self, slug: str, hands: Buyers) -> None:
        self.host, self.port = where(os.environ["SITE_URL"])
        self.path, self.hands, self.storm = f"/flash/{slug}/", hands, Storm()
        self.gate = asyncio.Semaphore(AT_ONCE)

    async def run(self, *, buyers: int, seconds: float) -> Storm:
        came = [random.random() * seconds for _ in range(buyers)]
        await asyncio.gather(*(self._buyer(n, at) for n, at in enumerate(came)))
        return self.storm

    async def _buyer(self, number: int, at: float) -> None:
        await asyncio.sleep(at)
        visitor = Visitor(self.host, self.port, str(IPv4Address(0x0C000001 + number)))
        shown = await self._timed(visitor, self.storm.pages)
        form = {name: unescape(value) for name, value in HIDDEN.findall(shown)}
        if "form_token" not in form:
            return  # the page says itself that nothing is left
        form |= {"contact": f"flash{number}@example.com", "consent": "1"}
        for _turn in range(TURNS):
            began = time.perf_counter()
            async with self.gate:
                sent = time.perf_counter()
                answer = await visitor.post(f"{self.path}order/", form)
                visitor.close()
            took = (time.perf_counter() - sent) * 1000
            if answer.status == HTTPStatus.CONFLICT:
                self.storm.refusals.append(took)
                return
            if answer.status == HTTPStatus.SEE_OTHER:
                await self._pay(answer.location)
                self.storm.orders.append((time.perf_counter() - began) * 1000)
                return
            turn = TURN.search(answer.body.decode())
            if answer.status != HTTPStatus.OK or turn is None:
                self.storm.others.append(f"{answer.status} {answer.body[-300:]!r}")
                return
            self.storm.waited += 1
            form |= {name: unescape(value) for name, value in HIDDEN.findall(answer.body.decode())}
            due = datetime.fromisoformat(turn[1]).timestamp() - time.time()
            await asyncio.sleep(max(0.0, due) + 0.01)

    async def _timed(self, visitor: Visitor, into: list[float]) -> str:
        async with self.gate:
            sent = time.perf_counter()
            answer = expect(await visitor.get(self.path), HTTPStatus.OK, "sale page")
            into.append((time.perf_counter() - sent) * 1000)
            visitor.close()
        return answer.body.decode()

    async def _pay(self, location: str) -> None:
        pay_page = dict(parse_qsl(urlsplit(location).query))
        if "number" not in pay_page:
            raise Broken(f"the order led to {location}")
        gateway = Visitor(self.host, self.port, "10.255.0.2")
        path = urlsplit(pay_page["notify_url"]).path
        async with self.gate:
            told = await gateway.post(path, self.hands._notice(pay_page), cookies=False)
            gateway.close()
        if expect(told, HTTPStatus.OK, "notice").body != b"success":
            raise Broken(f"notice was answered with {told.body[:200]!r}")
        self.storm.paid += 1


class Others:
    """Somebody buys another good, so many times a second."""

    def __init__(self, hands: Buyers, rate: float) -> None:
        self.hands, self.rate = hands, rate

    async def run(self, *, until: asyncio.Event) -> list[float]:
        """Milliseconds of each order; one that failed counts as endless."""
        took: list[asyncio.Task[float]] = []
        began = time.perf_counter()
        while not until.is_set():
            took.append(asyncio.create_task(self._one()))
            due = began + len(took) / self.rate - time.perf_counter()
            await asyncio.sleep(max(0.0, due))
        return list(await asyncio.gather(*took))

    async def quiet(self, seconds: float) -> list[float]:
        over = asyncio.Event()
        asyncio.get_running_loop().call_later(seconds, over.set)
        return await self.run(until=over)

    async def _one(self) -> float:
        self.hands.people += 1
        person, sent = self.hands.people, time.perf_counter()
        address = str(IPv4Address(0x0B000000 + person % 0x00FFFFFF))
        visitor = Visitor(self.hands.host, self.hands.port, address)
        gateway = Visitor(self.hands.host, self.hands.port, "10.255.0.1")
        try:
            await self.hands._order(visitor, gateway, Round(), person)
        except (Broken, OSError, asyncio.IncompleteReadError):
            return float("inf")
        finally:
            visitor.close()
            gateway.close()
        return (time.perf_counter() - sent) * 1000


def open_sale(units: int, admit: int) -> FlashSale:
    """A flash sale of a good of its own that has started, with just as many codes."""
    name = f"flash-{time.time_ns()}"
    product = Product.objects.create(
        slug=name, name="秒杀卡", name_en="Flash card", state=ProductState.ON_SALE,
        product_type=ProductType.objects.get(code="bench-code"), created_at=clock.now(),
        category=Category.objects.get(slug="bench"), brand=Brand.objects.get(slug="bench"),
    )  # fmt: skip
    sku = Sku.objects.create(
        product=product, code=name.upper(), name="100元", name_en="CNY 100",
        stock_mode=StockMode.POOL, face_value_minor=10000, cost_minor=shop.COST_MINOR,
    )  # fmt: skip
    channel = Channel.objects.get(is_default=True)
    Price.objects.create(price_list=channel.price_list, sku=sku, amount_minor=shop.PRICE_MINOR)
    cache.bump("catalog")
    first = time.time_ns() // 1000
    lines = b"".join(b"%d F-%d-%08d\n" % (first + n, first, n) for n in range(units))
    request = ImportRequest(sku_id=sku.pk, file_name="flash.txt", cost_minor=shop.COST_MINOR)
    batch = import_codes(request, chunks=iter([lines]), by="system", now=clock.now())
    while run_import(batch_id=batch.public_id):
        pass
    now = clock.now()
    sale = FlashSale.objects.create(
        slug=name, name="秒杀", name_en="Flash", sku=sku, price_minor=PRICE_MINOR, units=units,
        starts_at=now - timedelta(seconds=1), ends_at=now + timedelta(hours=1), hold_seconds=600,
        admit_per_second=admit, state_at=now, created_at=now, created_by="system",
    )  # fmt: skip
    cut_flash(sale=sale.public_id, by="system", now=now)
    advance_flashes(now=now)
    return sale


async def measure(
    crowd: Crowd, others: Others, chosen: argparse.Namespace
) -> tuple[list[float], list[float]]:
    """Orders of the other good before the storm and during it."""
    await others.quiet(3)
    quiet = await others.quiet(chosen.quiet)
    over = asyncio.Event()
    beside = asyncio.create_task(others.run(until=over))
    await crowd.run(buyers=chosen.buyers, seconds=chosen.seconds)
    over.set()
    return quiet, await beside


def main() -> None:
    parser = argparse.ArgumentParser(prog="dev.py bench flash", description=__doc__)
    parser.add_argument("--buyers", type=int, default=5000)
    parser.add_argument("--units", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=30.0, help="in which they come")
    parser.add_argument("--quiet", type=float, default=10.0, help="seconds before the storm")
    parser.add_argument("--others", type=float, default=20.0, help="other orders a second")
    parser.add_argument("--admit", type=int, default=30, help="buyers let in a second")
    chosen = parser.parse_args()
    signer = Signer((Path(os.environ["STATE_DIR"]) / "keys" / "localpay.private.pem").read_bytes())
    slug = shop.open_for_selling(pool=20_000)
    sale = open_sale(chosen.units, chosen.admit)
    hands = Buyers(slug, signer)
    crowd, others = Crowd(sale.slug, hands), Others(hands, chosen.others)
    time.sleep(PATIENCE)
    began = time.perf_counter()
    quiet, beside = asyncio.run(measure(crowd, others, chosen))
    _report(sale, crowd.storm, quiet, beside, time.perf_counter() - began)


def _report(
    sale: FlashSale, storm: Storm, quiet: list[float], beside: list[float], seconds: float
) -> None:
    sold = FlashUnit.objects.filter(sale=sale, order__state__in=PAID_SIDE).count()
    wanted = min(sale.units, len(storm.pages))
    if storm.paid > sale.units or sold != storm.paid:
        raise Broken(f"{storm.paid} were told that they paid, {sold} units are sold")
    allowed = 2 * figures.percentile(quiet, 0.95)
    well = sum(took <= allowed for took in beside) / max(1, len(beside))
    figures.table(
        [
            ("buyers, units, sold", f"{len(storm.pages)}, {sale.units}, {sold}"),
            ("turns waited for", str(storm.waited)),
            ("refused", str(len(storm.refusals))),
            ("sale page p50 / p99 ms", _pair(storm.pages)),
            ("refusal p50 / p99 ms", _pair(storm.refusals)),
            ("order and pay p50 / p99 ms", _pair(storm.orders)),
            ("other goods, quiet p50 / p95 ms", _pair(quiet, 0.95)),
            ("other goods, storm p50 / p95 ms", _pair(beside, 0.95)),
            ("took in all, seconds", f"{seconds:.0f}"),
            ("answers nobody expected", str(len(storm.others))),
        ]
    )
    for text in storm.others[:3]:
        print("  ", text)
    if sold != wanted:
        raise Broken(f"{sold} of {wanted} units were sold")
    figures.closing_line(
        "flash", units=sale.units, sold=sold, page_p99_ms=figures.percentile(storm.pages, 0.99),
        refusal_p99_ms=figures.percentile(storm.refusals or [0.0], 0.99), others_ok=well,
    )  # fmt: skip


def _pair(values: list[float], share: float = 0.99) -> str:
    if not values:
        return "–"
    return f"{figures.percentile(values, 0.5):.1f} / {figures.percentile(values, share):.1f}"


if __name__ == "__main__":
    main()
