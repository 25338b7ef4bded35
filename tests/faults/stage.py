"""The whole shop as real processes, with goods on the shelf, scripts for both simulators, and hands to break it."""

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import psycopg
from psycopg.rows import dict_row

from core.invariants import INVARIANTS
from launcher.places import Stop
from launcher.services import ADMIN
from launcher.shop import SIMULATORS
from simulators.localpay.script import Gateway
from simulators.supplier_c.script import Supplier
from tests.faults.goods import (
    FIRST_FREE,
    FIRST_RARE,
    FREE_CODES,
    FUNDED_MINOR,
    RARE_CODES,
    TOPUP,
    TOPUP_COST_MINOR,
    Goods,
    code_text,
)
from tests.faults.shopper import Browser, Shopper
from tests.faults.supervisor import Supervisor
from tests.house import SERVERS, House

#: Minutes of the shop pass in seconds.
QUICK = {
    "ORDER_HOLD_SECONDS": "20", "LATE_PAYMENT_SECONDS": "40", "WAIT_STOCK_SECONDS": "30",
    "TRUSTED_PROXY_HOPS": "1", "INVARIANT_SECONDS": "3600", "LOG_LEVEL": "INFO",
    # Mails go where they can be read: into the worker's log.
    "EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend",
}  # fmt: skip
#: In a campaign (`dev.py faults`) there are more seeds and longer blows.
SEEDS = int(os.environ.get("FAULT_SEEDS", "0"))
CAMPAIGN = SEEDS > 0
OURS = ("web", "worker", "beat")
#: The blow of two minutes alone sells a thousand of them in each seed.
CODES = 2500 * max(SEEDS, 1) if CAMPAIGN else 1500
SETTLE_SECONDS = 60.0
#: When nothing moves any more, the clock does: so far at once, and so far in all.
CLOCK_STEP_SECONDS, CLOCK_MOST_SECONDS = 15.0, 1500.0
STANDSTILL_SECONDS = 2.5

#: What must come to nothing before books can be compared; each row says what is still open.
OPEN = {
    "order": "select public_id || ' ' || state from orders_order where state in"
    " ('pending_payment', 'paid', 'review', 'waiting_stock', 'fulfilling', 'late_paid')",
    "payment": "select public_id || ' ' || state from orders_payment"
    " where state in ('created', 'submitted', 'unknown')",
    "refund": "select public_id || ' ' || state || ' ' || last_error from orders_refund"
    " where state not in ('succeeded', 'rejected')",
    "notice": "select public_id || ' ' || verdict from orders_notice where outcome = 'pending'",
    "delivery": "select public_id || ' ' || state || ' ' || reason from fulfillment_delivery"
    " where state in ('pending', 'dispatched', 'unknown', 'manual')",
    "attempt": "select public_id || ' ' || state || ' ' || answer_code from fulfillment_attempt"
    " where state in ('prepared', 'sent', 'accepted', 'unknown')",
    "hold": "select id::text || ' ' || held_by from fulfillment_code where state = 'held'",
    "balance": "select public_id from orders_balancepayment where state = 'held'",
    "event": "select id::text || ' ' || topic || ' ' || tries || ' ' || last_error"
    " from core_outboxevent where done_at is null",
    "message": "select public_id || ' ' || template || ' ' || last_error from accounts_message"
    " where state = 'queued'",
    "import": "select public_id || ' ' || state from fulfillment_codebatch"
    " where state in ('queued', 'running')",
}


@dataclass
class Stage:
    """A house with goods, buyers' browsers and a supervisor that puts dead parts up again."""

    house: House
    goods: Goods
    #: Secrets of every code that was put on the shelf.
    known: set[str]
    supervisor: Supervisor
    funded_minor: int
    #: How this stage leaves the house; as long as the house knows it, nobody else has moved in.
    leaves: Callable[[], None]
    _people: Iterator[int] = field(default_factory=lambda: iter(range(1, 1_000_000)))

    @property
    def is_guest(self) -> bool:
        return self.house.guest_leaves is self.leaves

    @cached_property
    def gateway(self) -> Gateway:
        return Gateway(self.house.address("localpay"))

    @cached_property
    def supplier(self) -> Supplier:
        return Supplier(self.house.address("supplier_c"))

    @cached_property
    def staff(self) -> Browser:
        """Somebody signed in with every role that acts in the back office."""
        return self.people({"roles": ["owner", "operator", "support"]})[0]

    def shopper(self, *, patience: float = 30.0) -> Shopper:
        """A new person at an address of their own."""
        person = next(self._people)
        address = f"10.{person // 62500 % 250}.{person // 250 % 250}.{person % 250 + 1}"
        return Shopper(Browser(self.house.url, address, patience), f"buyer{person}@example.com")

    def member(self, number: int, *, patience: float = 30.0) -> Shopper:
        """Somebody with money on a balance, signed in, at an address of their own."""
        member, shopper = self.goods.members[number], self.shopper(patience=patience)
        shopper.browser.cookies = dict(member["cookies"])
        return shopper

    def restart(self, *names: str, **env: str) -> None:
        """Stop and start parts of ours with other environment variables."""
        with self.supervisor.lock:
            self.house.restart(*names, **env)

    def people(self, *wishes: dict[str, Any]) -> list[Browser]:
        """Browsers in which somebody is signed in: staff when `roles` are wished for."""
        done = self.house.run("-m", "tests.faults.people", json.dumps(wishes))
        assert done.returncode == 0, done.stderr[-3000:]
        made = json.loads(done.stdout.strip().splitlines()[-1])
        browsers = [self.shopper().browser for _ in made]
        for browser, person in zip(browsers, made, strict=True):
            browser.cookies = person["cookies"]
        return browsers

    def rows(self, statement: str, params: Any = None) -> list[dict[str, Any]]:
        """Read the shop's database as its owner, without a line of the shop's code."""
        address = self.house.env["DATABASE_OWNER_URL"]
        with psycopg.connect(address, autocommit=True, row_factory=dict_row) as connection:
            return connection.execute(statement, params).fetchall()

    def one(self, statement: str, params: Any = None) -> Any:
        return next(iter(self.rows(statement, params)[0].values()))

    def calm(self) -> None:
        """No crash point armed, every server and simulator up, and none of them up to mischief."""
        for path in self.house.crashes.iterdir():
            path.unlink()
        for part in (*SERVERS, *SIMULATORS):
            if not self.house.is_up(part):
                self.house.start_part(part)
        self.supplier.clear_faults()
        self.gateway.clear_faults()

    # --- time and rest ----------------------------------------------------------------------

    def move_clock(self, seconds: float) -> None:
        """All three clocks: ours and the simulators'."""
        self.house.sql(
            "insert into core_clockoffset (id, seconds) values (1, %s) on conflict (id)"
            " do update set seconds = core_clockoffset.seconds + excluded.seconds",
            [seconds],
        )
        moved = float(self.one("select seconds from core_clockoffset where id = 1"))
        self.gateway.move_clock(moved)
        self.supplier.move_clock(moved)

    def still_open(self) -> dict[str, list[str]]:
        """What is not at its end, by kind."""
        found = {
            kind: [next(iter(row.values())) for row in self.rows(sql)] for kind, sql in OPEN.items()
        }
        found["told by the gateway"] = [
            str(notice["notice_id"])
            for notice in self.gateway.truth()["notices"]
            if notice["next_at"] is not None
        ]
        truth = self.supplier.truth()
        found["told by the supplier"] = [
            str(callback["callback_id"]) for callback in truth["callbacks"] if callback["next_at"] is not None
        ]  # fmt: skip
        found["order at the supplier"] = [
            str(order["external_id"])
            for order in truth["orders"]
            if order["state"] in ("PENDING", "SUBMITTED")
        ]
        return {kind: rows for kind, rows in found.items() if rows}

    def settle(self, seconds: float = SETTLE_SECONDS) -> None:
        """Wait until nothing is open; where only time is wanting, move the clocks.

        Raises AssertionError that says what is still open.
        """
        until, moved = time.monotonic() + seconds, 0.0
        before, since = None, time.monotonic()
        while left := self.still_open():
            if left != before:
                before, since = left, time.monotonic()
            if time.monotonic() - since > STANDSTILL_SECONDS and moved < CLOCK_MOST_SECONDS:
                self.move_clock(CLOCK_STEP_SECONDS)
                moved += CLOCK_STEP_SECONDS
                since = time.monotonic()
            if time.monotonic() > until:
                shown = "\n".join(
                    f"  {kind}: {len(rows)}, {rows[:5]}" for kind, rows in left.items()
                )
                raise AssertionError(
                    f"not at rest after {seconds:.0f} s (clock moved {moved:.0f} s):\n{shown}"
                )
            time.sleep(0.25)

    def check_invariants(self) -> None:
        """Every registered invariant with no grace, as `check_invariants --at-rest` runs them."""
        now = self.one(
            "select clock_timestamp() + make_interval(secs => coalesce((select max(seconds)"
            " from core_clockoffset), 0))"
        )
        broken = {
            f"{one.id} {one.title}": found
            for one in INVARIANTS
            if (found := self.rows(one.sql, {**one.params, "now": now, "grace": 0.0}))
        }
        assert not broken, broken

    def run_the_checker(self) -> None:
        """The shop's own command. Raises AssertionError with the rows."""
        try:
            self.house.manage("check_invariants", "--at-rest")
        except Stop as broken:
            raise AssertionError(str(broken)) from broken


def make_goods(house: House, **wishes: Any) -> Goods:
    """Fill the shelves by the services, and tell the supplier's simulator what it sells."""
    supplier = Supplier(house.address("supplier_c"))
    supplier.product(TOPUP, cost_minor=TOPUP_COST_MINOR, kind="direct")
    done = house.run("-m", "tests.faults.goods", json.dumps(wishes))
    assert done.returncode == 0, done.stderr[-3000:]
    return Goods(**json.loads(done.stdout.strip().splitlines()[-1]))


_standing: Stage | None = None


def stage_on(house: House) -> Stage:
    """The stage that stands on this house; a new one when there is none, or the house was emptied since."""
    global _standing  # noqa: PLW0603  one house in a process, one stage on it
    if _standing is None or _standing.house is not house or not _standing.is_guest:
        _standing = set_up(house)
    return _standing


def set_up(house: House, *, codes: int = CODES) -> Stage:
    """A stage on an emptied house: started anew, so that no process remembers the rows before."""
    house.see_off()
    before, extra = {name: house.env.get(name) for name in QUICK}, house.shop.extra
    stop_parts(house)
    house.env.update(QUICK)
    # A start of everything makes the environment anew, out of this.
    house.shop.extra = {**extra, **QUICK}
    keep_commits(house)
    house.empty()
    supervisor = Supervisor(house)

    def leave() -> None:
        supervisor.stop()
        # Started anew by whoever comes next, with the environment of before.
        stop_parts(house)
        house.shop.extra = extra
        for name, value in before.items():
            house.env.pop(name, None) if value is None else house.env.update({name: value})

    house.guest_leaves = leave
    goods = make_goods(house, codes=codes)
    supervisor.start()
    return Stage(house, goods, known_codes(codes), supervisor, FUNDED_MINOR, leave)


def known_codes(codes: int) -> set[str]:
    """Secrets of the codes that `goods.make` puts on the shelf."""
    ranges = (0, codes), (FIRST_FREE, FREE_CODES), (FIRST_RARE, RARE_CODES)
    return {code_text(n)[1] for first, units in ranges for n in range(first, first + units)}


def stop_parts(house: House) -> None:
    for name in OURS:
        if house.is_up(name):
            house.stop_part(name)


def keep_commits(house: House) -> None:
    """The test cluster forgets its last commits when it is stopped at once; here it must not."""
    with psycopg.connect(as_admin(house.env["DATABASE_OWNER_URL"]), autocommit=True) as connection:
        connection.execute("alter role quanyi_app set synchronous_commit = on")


def as_admin(address: str) -> str:
    """The same database as its superuser."""
    return re.sub(r"//[^@/]*@", f"//{ADMIN}@", address)
