"""The shop under load while its parts are killed, flushed and stopped (catalogue A01–A08, A17, T-SIM).

One seed in `dev.py test`, more in `dev.py faults`. A seed decides the buyers, the mischief and the
order of the blows; when a seed fails, `FAULT_SEEDS=<n> … -k "[seed-n]"` plays it again. Every test
ends at rest: no invariant is broken, and the simulators' own logs equal our books.
"""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults import truth
from tests.faults.crowd import Crowd
from tests.faults.nemesis import Nemesis
from tests.faults.stage import CAMPAIGN, SEEDS, Stage

GONE_SECONDS = 120.0 if CAMPAIGN else 8.0
POSTGRES_STOPS = 5 if CAMPAIGN else 1
ENDED_CONNECTIONS = 200 if CAMPAIGN else 20
#: Every crash point of the catalogue that this shop has.
POINTS = ("CP01", "CP02", "CP03", "CP04", "CP05", "CP06", "CP07", "CP10", "CP11", "CP12", "CP14",
          "CP15", "CP16", "CP17")  # fmt: skip
#: What brings somebody to a point that ordinary buyers seldom pass.
BRINGS = {"CP15": "regret", "CP16": "regret", "CP14": "topup", "CP07": "topup", "CP10": "topup",
          "CP11": "topup"}  # fmt: skip

pytestmark = pytest.mark.parametrize(
    "seed", range(1, max(SEEDS, 1) + 1), ids=lambda seed: f"seed-{seed}"
)


@contextmanager
def under_load(stage: Stage, seed: int, *, size: int = 4) -> Iterator[tuple[Crowd, Nemesis]]:
    """Buyers and mischief while the block runs; afterwards rest, and everything is compared."""
    nemesis, crowd = Nemesis(stage, seed), Crowd(stage, seed, size)
    nemesis.make_mischief()
    try:
        with crowd:
            yield crowd, nemesis
    finally:
        nemesis.rest()
        print(f"\nseed {seed}: {crowd.summary()}; restarted {stage.supervisor.restarts}")
    nemesis.wait_for("web", "worker", "beat")
    crowd.pay_the_late()
    nemesis.rest()
    stage.settle(150.0 if CAMPAIGN else 60.0)
    stage.run_the_checker()
    truth.compare(stage, crowd.seen())


def test_processes_are_killed(stage: Stage, seed: int) -> None:
    """A01, A03: each crash point once. A02: then whole groups, three times."""
    rng = random.Random(f"order:{seed}")
    with under_load(stage, seed) as (crowd, nemesis):
        for point in rng.sample(POINTS, len(POINTS)):
            stage.house.crash_at(point)
            if point in BRINGS:
                crowd.send(BRINGS[point], rng)
            nemesis.crash(point)
        for part in rng.sample(("web", "worker", "beat", "worker"), 4):
            time.sleep(1.0)
            nemesis.kill(part)
            nemesis.wait_for(part)
    assert {"web", "worker", "beat"} <= set(stage.supervisor.restarts)


def test_valkey_is_lost(stage: Stage, seed: int) -> None:
    """A04 flushed three times, A05 killed and started empty, A06 gone while the shop sells."""
    rng = random.Random(f"gone:{seed}")
    with under_load(stage, seed + 1000) as (crowd, nemesis):
        for _time in range(3):
            time.sleep(1.0)
            nemesis.flush_valkey()
        nemesis.kill_valkey()
        nemesis.start("valkey")
        time.sleep(1.0)
        # Notices come from now on: without workers nobody could ask for a lost one.
        stage.gateway.clear_faults()
        nemesis.kill_valkey()
        served = sells_for(GONE_SECONDS, crowd, rng)
        nemesis.start("valkey")
    assert served >= GONE_SECONDS / 4, f"{served} cards were sold without Valkey"


def sells_for(seconds: float, crowd: Crowd, rng: random.Random) -> int:
    """Cards bought one after the other, each paid and shown at once. Returns how many."""
    until, served = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        trip = crowd.send("cards", rng)
        assert (trip.trouble, bool(trip.codes)) == ("", True), trip
        served += 1
    return served


def test_postgresql_is_stopped(stage: Stage, seed: int) -> None:
    """A07 immediate stops under load; A08 connections ended at random."""
    with under_load(stage, seed + 2000) as (_, nemesis):
        hit = 0
        until = time.monotonic() + 60 + ENDED_CONNECTIONS
        while hit < ENDED_CONNECTIONS and time.monotonic() < until:
            hit += nemesis.end_a_connection()
            time.sleep(0.15)
        assert hit == ENDED_CONNECTIONS
        for _time in range(POSTGRES_STOPS):
            time.sleep(1.0)
            nemesis.stop_postgres_at_once()
            time.sleep(nemesis.rng.uniform(0.2, 1.0))
            nemesis.start("postgres")
        time.sleep(2.0)
