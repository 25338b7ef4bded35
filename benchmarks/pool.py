"""What sharing the pool costs: the same storm on a plain pool and on one shared among channels.

Four processes of sixteen buyers' threads hold and sell units one by one over four channels; the
shared pool has three tenths reserved for one of them and a cap of a fifth on another. Three quarters
are sold, so that nobody is refused in either: a unit that is kept for X is not had by Z, and what a
refusal costs is another question. Rounds alternate; medians are compared.
"""

import argparse
import multiprocessing
import threading
import time
from datetime import timedelta
from statistics import median

from django.db import connections

from benchmarks.parts import figures, shop
from catalog.models import Product, Sku
from catalog.states import StockMode
from core import clock
from core.tx import step
from fulfillment.models import Code
from fulfillment.services.hold import HoldLine, hold
from fulfillment.services.imports.import_codes import ImportRequest, import_codes
from fulfillment.services.imports.run_import import run_import
from fulfillment.services.open_deliveries import OpenLine, open_deliveries
from fulfillment.services.pool.move_share import EVERYBODY, move_share
from fulfillment.services.pool.set_cap import set_cap

CHANNELS = ("live", "partner", "main", "corner")
PROCESSES, THREADS = 4, 16
BY = "system"


def _sku(name: str, units: int) -> Sku:
    """A SKU of its own with so many codes."""
    code = f"POOL-{name}-{time.time_ns()}"
    sku = Sku.objects.create(
        product=Product.objects.get(slug=shop.SLUG), code=code, name=name, name_en=name,
        stock_mode=StockMode.POOL, face_value_minor=10000, cost_minor=9000,
    )  # fmt: skip
    first = time.time_ns() // 1000
    request = ImportRequest(sku_id=sku.pk, file_name="pool.txt", cost_minor=9000)
    lines = b"".join(b"%d S-%s-%08d\n" % (first + n, name.encode(), n) for n in range(units))
    batch = import_codes(request, chunks=iter([lines]), by=BY, now=clock.now())
    while run_import(batch_id=batch.public_id):
        pass
    return sku


def _share(sku: Sku, units: int) -> None:
    now = clock.now()
    move_share(
        sku_id=sku.pk,
        giver=EVERYBODY,
        taker="live",
        units=units * 3 // 10,
        by=BY,
        why="bench",
        now=now,
    )
    set_cap(sku_id=sku.pk, channel="partner", units=units // 5, by=BY, why="bench", now=now)


def _buy(reference: str, sku_id: int, channel: str) -> None:
    now = clock.now()
    with step():
        hold(
            reference=reference, lines=[HoldLine("a", sku_id, 1)], channel=channel, now=now,
            until=now + timedelta(minutes=5),
        )  # fmt: skip
    with step():
        open_deliveries(
            reference=reference,
            owner=None,
            channel=channel,
            lines=[OpenLine("a", sku_id, 1)],
            now=now,
        )


def _crowd(number: int, sku_id: int, units: int) -> None:
    """One process of buyers; each buys its part and says nothing."""
    connections.close_all()

    def work(thread: int) -> None:
        for turn in range(units // PROCESSES // THREADS):
            channel = CHANNELS[(thread + turn) % len(CHANNELS)]
            _buy(f"pool_{sku_id}_{number}_{thread}_{turn}", sku_id, channel)
        connections.close_all()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _round(sku: Sku, units: int) -> float:
    """Units sold a second."""
    connections.close_all()
    context = multiprocessing.get_context("fork")
    wanted = units * 3 // 4
    crowds = [context.Process(target=_crowd, args=(n, sku.pk, wanted)) for n in range(PROCESSES)]
    started = time.perf_counter()
    for crowd in crowds:
        crowd.start()
    for crowd in crowds:
        crowd.join()
    took = time.perf_counter() - started
    sold = Code.objects.filter(sku=sku, state="sold").count()
    assert sold == wanted, f"{sold} of {wanted} were sold"
    return sold / took


def main() -> None:
    parser = argparse.ArgumentParser(prog="dev.py bench pool", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--units", type=int, default=1024)
    chosen = parser.parse_args()
    shop.open_for_selling(pool=100)
    plain, shared = [], []
    for number in range(chosen.rounds):
        alone, divided = _sku("plain", chosen.units), _sku("shared", chosen.units)
        _share(divided, chosen.units)
        plain.append(_round(alone, chosen.units))
        shared.append(_round(divided, chosen.units))
        print(f"round {number + 1}: plain {plain[-1]:.0f}/s, shared {shared[-1]:.0f}/s")
    ratio = median(shared) / median(plain)
    figures.table(
        [
            ("plain pool, units a second", figures.spread(plain, 0)),
            ("shared pool, units a second", figures.spread(shared, 0)),
            ("shared to plain", f"{ratio:.3f}"),
        ]
    )
    figures.closing_line(
        "pool", plain_per_s=median(plain), shared_per_s=median(shared), ratio=ratio
    )


if __name__ == "__main__":
    main()
