"""What is done to the shop: scripted mischief of both simulators, and hands on its processes."""

import contextlib
import random
import signal
import time
from typing import Any

import psycopg
import redis

from tests.faults.stage import Stage, as_admin

#: (operation, fault, chance, parameters). The supplier has done what it was asked where it says "after".
Fault = tuple[str, str, float, dict[str, Any]]
SUPPLIER: tuple[Fault, ...] = (
    ("order", "drop_after", 0.12, {}), ("order", "error_after", 0.06, {"status": 502}),
    ("order", "rate_limited_after", 0.03, {}), ("order", "half_body", 0.03, {}),
    ("order", "not_json", 0.03, {}), ("order", "drop_before", 0.05, {}),
    ("order", "delay", 0.05, {"seconds": 1}), ("order", "slow", 0.05, {"seconds": 1}),
    ("order", "reject", 0.04, {"code": "OUT_OF_STOCK"}), ("order", "fail", 0.04, {}),
    ("lookup", "error_before", 0.1, {"status": 503}), ("lookup", "drop_before", 0.1, {}),
    ("callback", "none", 0.15, {}), ("callback", "late", 0.15, {"seconds": 2}),
    ("callback", "duplicate", 0.15, {"copies": 4, "concurrency": 4}),
    ("callback", "reorder", 0.05, {}), ("callback", "contradict", 0.05, {}),
    ("callback", "forged", 0.05, {"kinds": ["bad_signature", "old", "other_order"]}),
)  # fmt: skip
GATEWAY: tuple[Fault, ...] = (
    ("notice", "none", 0.12, {}), ("notice", "late", 0.12, {"seconds": 2}),
    ("notice", "duplicate", 0.25, {"copies": 5, "concurrency": 5}), ("notice", "reorder", 0.05, {}),
    ("notice", "forged", 0.05, {"kinds": ["bad_signature", "other_amount", "other_order", "old"]}),
    ("query", "error_before", 0.1, {}), ("query", "drop_before", 0.1, {}),
    ("close", "drop_after", 0.1, {}), ("close", "error_after", 0.1, {}),
    ("refund", "drop_after", 0.3, {}), ("refund", "error_after", 0.1, {}),
    ("refund", "drop_before", 0.1, {}), ("refund", "async", 0.2, {"seconds": 1}),
    ("refund_query", "error_before", 0.1, {}),
)  # fmt: skip


class Nemesis:
    """Breaks things on a stage; `rest()` ends all of it."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage, self.house = stage, stage.house
        self.rng = random.Random(f"nemesis:{seed}")

    # --- the other side of the wire -----------------------------------------------------------

    def make_mischief(self) -> None:
        """Every fault by its chance, in an order that the seed decides."""
        for script, faults in ((self.stage.supplier, SUPPLIER), (self.stage.gateway, GATEWAY)):
            for op, fault, chance, params in self.rng.sample(faults, len(faults)):
                given: dict[str, Any] = dict(params)
                script.fault(fault, op=op, times=None, chance=chance, **given)

    def rest(self) -> None:
        """No more faults, every server up, and whatever the gateway gave up telling is told again.

        Money that comes after a payment was closed can only be told: the shop asks no more.
        """
        self.stage.calm()
        truth = self.stage.gateway.truth()
        paid = [notice for notice in truth["notices"] if notice["status"] == "SUCCESS"]
        told = {n["number"] for n in paid if n["acked_at"] or n["next_at"] is not None}
        for payment in truth["payments"]:
            if payment["status"] == "SUCCESS" and payment["number"] not in told:
                self.stage.gateway.renotify(payment["number"])

    # --- our own processes --------------------------------------------------------------------

    def crash(self, point: str, *, seconds: float = 60.0) -> None:
        """Arm a crash point and wait until somebody has died there."""
        self.house.crash_at(point)
        until = time.monotonic() + seconds
        while not self.house.crashed(point):
            assert time.monotonic() < until, f"nobody came to {point} in {seconds:.0f} s"
            time.sleep(0.05)

    def kill(self, part: str) -> None:
        """kill -9 of the part's whole group; the supervisor puts it up again."""
        with contextlib.suppress(ProcessLookupError):
            self.house.child(part).kill()

    def wait_for(self, *parts: str, seconds: float = 60.0) -> None:
        until = time.monotonic() + seconds
        while not all(self.house.is_up(part) for part in parts):
            assert time.monotonic() < until, f"{parts} did not come up again"
            time.sleep(0.1)

    # --- Valkey and PostgreSQL ----------------------------------------------------------------

    def flush_valkey(self) -> None:
        redis.Redis.from_url(self.house.env["REDIS_URL"]).flushall()

    def kill_valkey(self) -> None:
        self.house.kill("valkey")

    def start(self, server: str) -> None:
        self.house.start_part(server)

    def stop_postgres_at_once(self) -> None:
        """PostgreSQL's immediate stop: no checkpoint, recovery at the next start."""
        child = self.house.child("postgres")
        child.process.send_signal(signal.SIGQUIT)
        child.process.wait(20)

    def end_a_connection(self) -> int:
        """pg_terminate_backend on one of the shop's connections, any one. Returns how many it hit."""
        with psycopg.connect(
            as_admin(self.house.env["DATABASE_OWNER_URL"]), autocommit=True
        ) as connection:
            pids = [pid for (pid,) in connection.execute(
                "select pid from pg_stat_activity where usename = %s and pid <> pg_backend_pid()"
                " order by pid", [self.house.env["DATABASE_APP_ROLE"]],
            ).fetchall()]  # fmt: skip
            if not pids:
                return 0
            connection.execute("select pg_terminate_backend(%s)", [self.rng.choice(pids)])
            return 1
