"""A flash sale under a storm: thousands of buyers for a few units, and what other goods feel of it (D01, M3).

The buyers are `benchmarks.parts.storm`, in a process of their own. Beside them somebody buys another
good, so many times a second whatever the answers take (open loop): quiet before the storm, during it,
and quiet again after it. An order in the storm is well when it takes no longer than twice what 95 % of
the quiet ones took.
"""

import argparse
import asyncio
import os
import time
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path

from django.db import connections

from benchmarks.parts import figures, processes, shop, storm
from benchmarks.parts.client import Broken, Visitor
from benchmarks.parts.storm import Storm
from benchmarks.sell import PARTS, Buyers, Round
from catalog.models import Brand, Category, Channel, Price, Product, ProductType, Sku
from catalog.states import ProductState, StockMode
from core import cache, clock
from fulfillment.services.imports.import_codes import ImportRequest, import_codes
from fulfillment.services.imports.run_import import run_import
from orders.models import FlashSale, FlashUnit, Order
from orders.services.flash.run_flash import advance_flashes, cut_flash
from orders.states import PAID_SIDE, OrderState
from simulators.localpay.script import Signer

PRICE_MINOR = 9300
PATIENCE = 2.0
# Between counting and the time that a page bears: a busy host's threads wait for each other.
COUNTED_SECONDS = 0.25


@dataclass
class Measured:
    """Orders of the other good (milliseconds), the storm, and processor seconds while it raged."""

    quiet: list[float]
    beside: list[float]
    storm: Storm
    cpu: dict[str, float]


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


def open_sale(units: int, admit: int, hold: int) -> FlashSale:
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
        starts_at=now - timedelta(seconds=1), ends_at=now + timedelta(hours=1), hold_seconds=hold,
        admit_per_second=admit, state_at=now, created_at=now, created_by="system",
    )  # fmt: skip
    cut_flash(sale=sale.public_id, by="system", now=now)
    advance_flashes(now=now)
    return sale


async def measure(others: Others, wish: storm.Wish, signer: Signer, quiet: float) -> Measured:
    """Quiet, storm, quiet: half of the quiet orders are bought before it, half after it."""
    await others.quiet(3)
    calm = await others.quiet(quiet)
    before, own = processes.cpu_seconds(PARTS), time.process_time()
    connections.close_all()
    pipe, join = storm.start(wish, signer)
    over, loop = asyncio.Event(), asyncio.get_running_loop()
    beside = asyncio.create_task(others.run(until=over))
    await loop.run_in_executor(None, pipe.recv)
    over.set()
    took = await beside
    cpu = processes.spent(before, processes.cpu_seconds(PARTS))
    cpu["other buyers"] = time.process_time() - own
    met: Storm = await loop.run_in_executor(None, pipe.recv)
    join()
    await others.quiet(2)
    calm += await others.quiet(quiet)
    return Measured(calm, took, met, cpu)


def main() -> None:
    parser = argparse.ArgumentParser(prog="dev.py bench flash", description=__doc__)
    parser.add_argument("--buyers", type=int, default=5000)
    parser.add_argument("--units", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=30.0, help="in which they come")
    parser.add_argument("--quiet", type=float, default=10.0, help="seconds, before and after")
    parser.add_argument("--others", type=float, default=20.0, help="other orders a second")
    parser.add_argument("--admit", type=int, default=30, help="buyers let in a second, at most")
    parser.add_argument("--hold", type=int, default=30, help="seconds to pay")
    parser.add_argument("--never-pay", type=float, default=0.05, help="share who never pay")
    parser.add_argument("--look-again", type=float, default=0.05, help="share who look again")
    chosen = parser.parse_args()
    signer = Signer((Path(os.environ["STATE_DIR"]) / "keys" / "localpay.private.pem").read_bytes())
    slug = shop.open_for_selling(pool=20_000)
    sale = open_sale(chosen.units, chosen.admit, chosen.hold)
    others = Others(Buyers(slug, signer), chosen.others)
    wish = storm.Wish(
        (others.hands.host, others.hands.port), sale.slug, chosen.buyers, chosen.seconds,
        chosen.hold, chosen.never_pay, chosen.look_again,
    )  # fmt: skip
    time.sleep(PATIENCE)
    _report(sale, asyncio.run(measure(others, wish, signer, chosen.quiet)))


def kept_unpaid(sale: FlashSale) -> list[tuple[float, float, float]]:
    """Of every order that never was paid: when its unit was taken, was due, and came back."""
    rows = Order.objects.filter(
        lines__sku=sale.sku_id, state=OrderState.CLOSED, close_reason="expired"
    )
    moments = rows.values_list("created_at", "expires_at", "state_at")
    return [(a.timestamp(), b.timestamp(), c.timestamp()) for a, b, c in moments]


def blocked(taken_at: list[float], kept: list[tuple[float, float, float]]) -> int:
    """Buyers who were told that all are taken although the time of an unpaid unit was over."""
    spans = [(due + COUNTED_SECONDS, back) for _, due, back in kept]
    return sum(any(due < at < back for due, back in spans) for at in taken_at)


def _report(sale: FlashSale, found: Measured) -> None:
    met, kept = found.storm, kept_unpaid(sale)
    sold = FlashUnit.objects.filter(sale=sale, order__state__in=PAID_SIDE).count()
    allowed = 2 * figures.percentile(found.quiet, 0.95)
    well = sum(took <= allowed for took in found.beside) / max(1, len(found.beside))
    held = max((back - taken for taken, _, back in kept), default=0.0)
    wrong = blocked(met.taken_at, kept)
    cpu = ", ".join(f"{name} {spent:.1f}" for name, spent in found.cpu.items())
    rows = [
        ("units, sold, paid", f"{sale.units}, {sold}, {met.paid}"),
        ("came; pages shown", f"{len(met.orders) + met.unpaid} ordered; {len(met.pages)}"),
        ("turns waited for; turned away at the line's end", f"{len(met.waits)}; {met.full}"),
        ("refused; told that all are taken", f"{len(met.refusals)}; {len(met.taken_at)}"),
        ("never paid; longest kept, of seconds allowed", f"{len(kept)}; {held:.1f} of {sale.hold_seconds}"),
        ("told so although a unit's time was over", str(wrong)),
        ("sale page p50 / p99 ms", _pair(met.pages)),
        ("refusal p50 / p99 ms", _pair(met.refusals)),
        ("waiting page p50 / p99 ms", _pair(met.waits)),
        ("order and pay p50 / p99 ms", _pair(met.orders)),
        ("other goods, quiet p50 / p95 ms", _pair(found.quiet, 0.95)),
        ("other goods, storm p50 / p80 ms", _pair(found.beside, 0.8)),
        ("the rush took, seconds", f"{met.rush:.0f}"),
        ("processor seconds in it", f"{cpu}, the storm {met.cpu:.1f}"),
        ("answers nobody expected", str(len(met.strange))),
    ]  # fmt: skip
    figures.table(rows)
    for text in met.strange[:3]:
        print("  ", text)
    if sold != met.paid or sold > sale.units:
        raise Broken(f"{met.paid} were told that they paid, {sold} units are sold")
    if sold != sale.units:
        raise Broken(f"{sold} of {sale.units} units were sold")
    if wrong:
        raise Broken(f"{wrong} buyers were sent away for a unit whose time to pay was over")
    figures.closing_line(
        "flash", units=sale.units, sold=sold, page_p99_ms=figures.percentile(met.pages, 0.99),
        refusal_p99_ms=figures.percentile(met.refusals or [0.0], 0.99), others_ok=well,
        never_paid=len(kept), blocked=wrong,
    )  # fmt: skip


def _pair(values: list[float], share: float = 0.99) -> str:
    if not values:
        return "–"
    return f"{figures.percentile(values, 0.5):.1f} / {figures.percentile(values, share):.1f}"


if __name__ == "__main__":
    main()
