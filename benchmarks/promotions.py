"""What a price costs: nine rules on a cart of ten lines, and what ten thousand live coupons change about it.

*Engine*: the pure function alone, in CPU time, so that a busy machine does not count. *Rules*: finding the rules
for the cart of somebody with three coupons (`find_rules`, warm, its look-ups in the database included) and pricing
it by them, with 10,000 other codes and 10,000 other people's coupons live in the shop and with none; by the clock,
since the database works too; rounds alternate, and the ratio is that of the medians. Fails over 5 ms or 1.2.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median

import django

from benchmarks.parts import figures
from benchmarks.parts.nine_rules import PARAMS, RULES, example
from orders.promotions.engine import price_cart

LIVE = 10_000
NAME = "bench-code"
OWNER, OWN = "usr_BENCH", 3
MOST_MS, MOST_RATIO = 5.0, 1.2


def _took(
    run: Callable[[], object], times: int, *, watch: Callable[[], float] = time.perf_counter
) -> list[float]:
    """Milliseconds of each call, by the clock unless `watch` counts something else."""
    found = []
    for _n in range(times):
        began = watch()
        run()
        found.append((watch() - began) * 1000)
    return found


def set_up() -> None:
    """The example's rules as live promotions of this shop, and the buyer's own coupons."""
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
    give_coupons([OWNER] * OWN)


def give_coupons(owners: Sequence[str]) -> None:
    """A coupon in force for each of these people, of a live promotion."""
    from core import clock
    from core.ids import new_id
    from orders.models import Coupon, Promotion
    from orders.models.coupon import Origin
    from orders.models.promotion import Stack, Trigger
    from orders.states import CouponState, PromotionState

    now = clock.now()
    promotion = Promotion.objects.create(
        name=NAME, kind="amount_off", params={"steps": [[0, 100]]}, stack=Stack.COUPON,
        trigger=Trigger.COUPON, created_by="bench", state=PromotionState.LIVE, state_at=now,
        created_at=now,
    )  # fmt: skip
    rows = [
        Coupon(
            promotion=promotion, origin=Origin.GRANT, owner=owner, event=new_id("evt"),
            state=CouponState.CLAIMED, state_at=now, created_at=now, claimed_at=now,
        )
        for owner in owners
    ]  # fmt: skip
    Coupon.objects.bulk_create(rows, batch_size=1000)


def switch_live(*, on: bool) -> None:
    """Put ten thousand codes and ten thousand coupons on, or take them away."""
    from core import clock
    from orders.models import Coupon, Promotion
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
                for n in range(LIVE)
            ],
            batch_size=1000,
        )  # fmt: skip
        give_coupons([f"usr_OTHER{n % 999}" for n in range(LIVE)])
    else:
        Coupon.objects.filter(owner__startswith="usr_OTHER").delete()
        mine = Coupon.objects.filter(owner=OWNER).values("promotion_id")
        live = Promotion.objects.filter(name=NAME, state=PromotionState.LIVE)
        live.exclude(pk__in=mine).delete()
    promotions.changed()
    promotions.forget()


def price_by_found_rules() -> object:
    """Ask for the rules as a cart does, and price the example by them."""
    from catalog.queries import default_channel
    from core import clock
    from orders.services.find_rules import Buyer, find_rules

    found = find_rules(channel=default_channel(), buyer=Buyer(OWNER), codes=(), now=clock.now())
    return price_cart(replace(example(), rules=found))


def main() -> int:
    parser = argparse.ArgumentParser(prog="dev.py bench promotions", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--times", type=int, default=300)
    chosen = parser.parse_args()
    django.setup()
    cart = example()
    _took(lambda: price_cart(cart), 20)
    engine = _took(lambda: price_cart(cart), chosen.times * 3, watch=time.process_time)
    set_up()
    without: list[float] = []
    with_codes: list[float] = []
    for _round in range(chosen.rounds):
        for on, kept in ((False, without), (True, with_codes)):
            switch_live(on=on)
            _took(price_by_found_rules, 10)
            kept.extend(_took(price_by_found_rules, chosen.times))
    switch_live(on=False)
    ratio = median(with_codes) / median(without)
    figures.table(
        [
            ("nine rules, ten lines: p50 / p99 ms", _both(engine)),
            ("rules found and priced, no others live", _both(without)),
            (f"rules found and priced, {LIVE:,} codes and coupons live", _both(with_codes)),
            ("ratio of the medians", f"{ratio:.3f}"),
        ]
    )
    figures.closing_line(
        "promotions", p50_ms=median(engine), p99_ms=figures.percentile(engine, 0.99), ratio=ratio
    )
    return int(median(engine) >= MOST_MS or ratio > MOST_RATIO)


def _both(took: list[float]) -> str:
    return f"{median(took):.2f} / {figures.percentile(took, 0.99):.2f}"


if __name__ == "__main__":
    sys.exit(main())
