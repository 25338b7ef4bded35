"""Buyers of all sorts, each a thread with a browser: some pay, some do not, some pay late or twice."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from simulators.client import ScriptError
from tests.faults.goods import CARD, CARD_MINOR, MEMBERS, TOPUP
from tests.faults.shopper import NoAnswer, PayLink, Shopper, Turned
from tests.faults.stage import Stage

PATIENCE_SECONDS = 40.0
#: Between one buyer and the next, so that two cores also have time for the shop.
THINKS_SECONDS = (0.1, 0.7)
#: How long a buyer stays on the order page for the codes.
LOOKS_SECONDS = 12.0
#: How many of those who pay from their balance cancel first, and pay the rest all the same.
REGRETS = 0.25


@dataclass
class Trip:
    """One buyer's story. `codes` are what the browser showed."""

    plan: str
    started: float
    order: str = ""
    number: str = ""
    codes: list[str] = field(default_factory=list)
    ended: float = 0.0
    trouble: str = ""
    errors: Counter[int] = field(default_factory=Counter)


@dataclass
class Crowd:
    """`with Crowd(stage, seed=1, size=4): …` keeps buying until the block ends."""

    stage: Stage
    seed: int
    size: int = 4
    #: Only these plans; all of them when empty.
    plans: tuple[str, ...] = ()
    trips: list[Trip] = field(default_factory=list)
    looks_seconds: float = LOOKS_SECONDS

    def __post_init__(self) -> None:
        self._end = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(number,), name=f"buyer-{number}", daemon=True)
            for number in range(self.size)
        ]
        self._late: list[tuple[float, str]] = []
        self._plans: dict[str, tuple[int, Callable[[Shopper, Trip, random.Random], None]]] = {
            "cards": (8, self._cards), "topup": (5, self._topup), "both": (3, self._both),
            "cancel": (1, self._cancel), "regret": (2, self._regret), "abandon": (1, self._abandon),
            "balance": (3, self._balance), "late": (1, self._pay_late), "twice": (1, self._twice),
        }  # fmt: skip

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS + 20)

    # --- what the test asks afterwards --------------------------------------------------------

    def seen(self) -> list[tuple[str, list[str]]]:
        return [(trip.order, trip.codes) for trip in self.trips if trip.codes]

    def summary(self) -> str:
        plans = Counter(trip.plan for trip in self.trips)
        errors = sum((trip.errors for trip in self.trips), Counter())
        troubled = [f"{trip.plan}: {trip.trouble}" for trip in self.trips if trip.trouble]
        return f"{dict(plans)}; 5xx met {dict(errors)}; gave up {len(troubled)}: {troubled[:3]}"

    def pay_the_late(self) -> None:
        """Whoever meant to pay late and has not yet, does it now; call it after the block."""
        for _, number in self._late:
            self.stage.gateway.pay_late(number, wait=0)
        self._late = []

    # --- the buyers ---------------------------------------------------------------------------

    def _run(self, number: int) -> None:
        rng = random.Random(f"{self.seed}:{number}")
        while not self._end.is_set():
            names = self.plans or tuple(self._plans)
            plan = rng.choices(names, [self._plans[name][0] for name in names])[0]
            self.send(plan, rng)
            self._end.wait(rng.uniform(*THINKS_SECONDS))

    def send(self, plan: str, rng: random.Random) -> Trip:
        """One buyer with that plan, from the first page to the last."""
        trip = Trip(plan, time.monotonic())
        shopper = self.stage.shopper(patience=PATIENCE_SECONDS)
        try:
            self._plans[plan][1](shopper, trip, rng)
        except (NoAnswer, Turned, ScriptError, OSError) as error:
            trip.trouble = f"{type(error).__name__} {error}"[:300]
        trip.ended = time.monotonic()
        trip.errors = Counter(status for _, status in shopper.browser.trouble)
        self.trips.append(trip)
        return trip

    def _pay(self, trip: Trip, link: PayLink) -> None:
        trip.order, trip.number = link.order, link.number
        self.stage.gateway.pay(link.number, url=link.url, wait=0)

    def _card(self, shopper: Shopper, quantity: int) -> PayLink:
        return shopper.buy(self.stage.goods.card_slug, CARD, quantity=quantity)

    def _cards(self, shopper: Shopper, trip: Trip, rng: random.Random) -> None:
        quantity = rng.choice((1, 1, 2, 3))
        self._pay(trip, self._card(shopper, quantity))
        trip.codes = shopper.codes(trip.order, wanted=quantity, seconds=self.looks_seconds)

    def _topup(self, shopper: Shopper, trip: Trip, rng: random.Random) -> None:
        link = shopper.buy(self.stage.goods.topup_slug, TOPUP, phone=phone(rng))
        self._pay(trip, link)
        shopper.look(trip.order)

    def _both(self, shopper: Shopper, trip: Trip, rng: random.Random) -> None:
        shopper.put_in_cart(self.stage.goods.card_slug, CARD)
        shopper.put_in_cart(self.stage.goods.topup_slug, TOPUP, phone=phone(rng))
        self._pay(trip, shopper.check_out())
        trip.codes = shopper.codes(trip.order, wanted=1, seconds=self.looks_seconds)

    def _balance(self, shopper: Shopper, trip: Trip, rng: random.Random) -> None:
        """A member pays some or all of it from the balance; now and then they cancel before they pay the rest."""
        stage = self.stage
        shopper = stage.member(rng.randrange(MEMBERS), patience=shopper.browser.patience)
        link = shopper.buy_from_balance(
            stage.goods.card_slug, CARD, minor=rng.choice((1, 4000, CARD_MINOR - 1, CARD_MINOR))
        )
        if isinstance(link, str):
            trip.order = link
        else:
            trip.order, trip.number = link.order, link.number
            stage.gateway.open(link.url)
            if rng.random() < REGRETS:
                shopper.cancel(link.order)
            stage.gateway.pay_late(link.number, wait=0)
        trip.codes = shopper.codes(trip.order, wanted=1, seconds=self.looks_seconds)

    def _cancel(self, shopper: Shopper, trip: Trip, rng: random.Random) -> None:
        trip.order = self._card(shopper, 1).order
        shopper.cancel(trip.order)

    def _regret(self, shopper: Shopper, trip: Trip, rng: random.Random) -> None:
        """Cancels with the gateway's page still open, and pays there all the same."""
        link = self._card(shopper, 1)
        trip.order, trip.number = link.order, link.number
        self.stage.gateway.open(link.url)
        shopper.cancel(link.order)
        self.stage.gateway.pay_late(link.number, wait=0)

    def _abandon(self, shopper: Shopper, trip: Trip, rng: random.Random) -> None:
        trip.order = self._card(shopper, rng.choice((1, 2))).order

    def _pay_late(self, shopper: Shopper, trip: Trip, rng: random.Random) -> None:
        link = self._card(shopper, 1)
        trip.order, trip.number = link.order, link.number
        self.stage.gateway.open(link.url)
        self._late.append((time.monotonic(), link.number))

    def _twice(self, shopper: Shopper, trip: Trip, rng: random.Random) -> None:
        """The gateway closes the first payment; the second is paid; the first one's money comes after all."""
        first = self._card(shopper, 1)
        trip.order, trip.number = first.order, first.number
        self.stage.gateway.open(first.url)
        self.stage.gateway.close(first.number)
        until = time.monotonic() + 5
        second = first
        while second.number == first.number and time.monotonic() < until:
            time.sleep(0.4)
            second = shopper.pay_again(first.order)
        if second.number != first.number:
            self.stage.gateway.pay(second.number, url=second.url, wait=0)
        self.stage.gateway.pay_late(first.number, wait=0)
        trip.codes = shopper.codes(trip.order, wanted=1, seconds=self.looks_seconds)


def phone(rng: random.Random) -> str:
    """A mobile number that our validator believes."""
    return f"138{rng.randrange(10**8):08d}"
