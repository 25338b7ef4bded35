"""Many orders of one person at once: never one over the budget. With the guard off, it breaks."""

import threading
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from core import clock, faults, invariants
from core.tx import step
from risk.models import OpenBudget
from risk.rulebook import rulebook
from risk.services.assess import assess
from risk.services.give_back import give_back
from tests.factories.risk import make_facts, new_order, set_rule

THREADS = 12
ALLOWED = 5


def race() -> int:
    """Place THREADS orders of one person at the same moment; how many were let through."""
    start = threading.Barrier(THREADS)
    now = clock.now()

    def place(_n: int) -> bool:
        try:
            with connection.cursor() as cursor:
                cursor.execute("select 1")
            rulebook()
            start.wait(timeout=20)
            with step():
                found = assess(point="order", subject=new_order(), facts=make_facts(), now=now)
                with connection.cursor() as cursor:
                    cursor.execute("select pg_sleep(0.02)")
            return not found.stops
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(place, range(THREADS)))


def allow(orders: int) -> None:
    set_rule("order.budget", orders_per_person=orders, orders_per_ip=1000, units_per_person=1000)
    set_rule("order.person", limit=1000)
    set_rule("order.ip", limit=1000)


def test_exactly_the_budget_gets_through(committed: None) -> None:
    allow(ALLOWED)
    assert race() == ALLOWED
    assert not invariants.check_all(now=clock.now(), only="INV-R")


def test_negative_control(committed: None) -> None:
    allow(ALLOWED)
    with faults.without("risk.budget"):
        assert race() > ALLOWED, "without its guard the race must be lost"


def test_taking_and_giving_back_crosswise(committed: None) -> None:
    """Orders of two people behind two addresses, paid and placed at once: no deadlock, nothing left."""
    allow(1000)
    now = clock.now()

    def live(n: int) -> None:
        try:
            for _ in range(12):
                order = new_order()
                facts = make_facts(ip=f"203.0.113.{n % 2}", contact=("ab" if n % 3 else "cd") * 32)
                with step():
                    assess(point="order", subject=order, facts=facts, now=now)
                with step():
                    assert give_back(subject=order, now=now)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(live, range(8)))
    assert not OpenBudget.objects.filter(given_back_at__isnull=True).exists()
    assert not invariants.check_all(now=now, only="INV-R")
