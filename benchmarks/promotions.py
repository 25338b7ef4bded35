"""What a price costs: nine rules on a cart of ten lines, and what ten thousand live codes change about it.

*Engine*: the pure function alone, in CPU time, so that a busy machine does not count. *Rules*: finding the rules
for a cart (`find_rules`, warm) and pricing it by them, with 10,000 other codes live in the shop and with none;
rounds alternate, and the ratio is that of the medians.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import django

from benchmarks.parts import figures
from benchmarks.parts.nine_rules import PARAMS, RULES, example
from orders.promotions.engine import price_cart

CODES = 10_000
NAME = "bench-code"


def _took(run: Callable[[], object], times: int) -> list[float]:
    """CPU milliseconds of each call."""
    found = []
    for _n in range(times):
        began = time.process_time()
        run()
        found.append((time.process_time() - began) * 1000)
    return found


def set_up() -> None:
    """The example's rules as live promotions of this shop, as far as they need no gift."""
    from core import clock
    from orders.models import Promotion
    from orders.models.promotion import Trigger
    from orders.states import PromotionState

    now = clock.now()
    Promotion.objects.filter(created_by="bench").update(state=PromotionState.ENDED)
    for rule in RULES:
        Promotion.objects.create(
            name=rule.id, kind=rule.terms.key, params=PARAMS[rule.id], stack=rule.group.value,
            trigger=Trigger.AUTOMATIC, goods=sorted(rule.scope.listed), created_by="bench",
            state=PromotionState.LIVE, state_at=now, created_at=now,
        )  # fmt: skip


def switch_codes(*, on: bool) -> None:
    """Put ten thousand codes on, or take them off."""
    from core import clock
    from orders.models import Promotion
    from orders.models.promotion import Stack, Trigger
    from orders.queries import promotions
    from orders.states import PromotionState

    now = clock.now()
    if on:
        Promotion.objects.bulk_create(
            [
                Promotion(
                    name=NAME, kind="percent_off", params={"off_bp": 500}, stack=Stack.COUPON,
                    trigger=Trigger.CODE, code=f"B{n:06d}{time.time_ns() % 10**9}",
                    created_by="bench", state=PromotionState.LIVE, state_at=now, created_at=now,
                )
                for n in range(CODES)
            ],
            batch_size=1000,
        )  # fmt: skip
    else:
        Promotion.objects.filter(name=NAME, state=PromotionState.LIVE).delete()
    promotions.changed()
    promotions.forget()


def price_by_found_rules() -> object:
    """Ask for the rules as a cart does, and price the example by them."""
    from catalog.queries import default_channel
    from core import clock
    from orders.services.find_rules import Buyer, find_rules

    found = find_rules(channel=default_channel(), buyer=Buyer(), codes=(), now=clock.now())
    return price_cart(replace(example(), rules=found))


def main() -> None:
    parser = argparse.ArgumentParser(prog="dev.py bench promotions", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--times", type=int, default=300)
    chosen = parser.parse_args()
    django.setup()
    cart = example()
    _took(lambda: price_cart(cart), 20)
    engine = _took(lambda: price_cart(cart), chosen.times * 3)
    set_up()
    without: list[float] = []
    with_codes: list[float] = []
    for _round in range(chosen.rounds):
        for on, kept in ((False, without), (True, with_codes)):
            switch_codes(on=on)
            _took(price_by_found_rules, 10)
            kept.extend(_took(price_by_found_rules, chosen.times))
    switch_codes(on=False)
    ratio = median(with_codes) / median(without)
    figures.table(
        [
            ("nine rules, ten lines: p50 / p99 ms", _both(engine)),
            ("rules found and priced, no codes", _both(without)),
            (f"rules found and priced, {CODES:,} codes live", _both(with_codes)),
            ("ratio of the medians", f"{ratio:.3f}"),
        ]
    )
    figures.closing_line(
        "promotions", p50_ms=median(engine), p99_ms=figures.percentile(engine, 0.99), ratio=ratio
    )


def _both(took: list[float]) -> str:
    return f"{median(took):.2f} / {figures.percentile(took, 0.99):.2f}"


if __name__ == "__main__":
    main()
