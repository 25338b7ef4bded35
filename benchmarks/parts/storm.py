"""The buyers of a flash sale, in a process of their own: what they do and what they meet.

Each is a new person at a new address. They open the page, order, wait in line as told, and pay; a few
never pay. Of those who come too late while unpaid units may come back, some look again.
"""

import asyncio
import multiprocessing
import random
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from html import unescape
from http import HTTPStatus
from ipaddress import IPv4Address
from multiprocessing.connection import Connection
from urllib.parse import parse_qsl, urlsplit

from benchmarks.parts.client import Answer, Broken, Visitor, expect
from simulators.localpay.script import Signer

HIDDEN = re.compile(r'name="(csrfmiddlewaretoken|form_token|fingerprint|ticket)" value="([^"]*)"')
TURN = re.compile(r'data-turn="([^"]+)"')
NOW = re.compile(r'data-now="([^"]+)"')
PHASE = re.compile(r'data-phase="([a-z]+)"')
AT_ONCE = 64
TURNS = 12
LOOK_AGAIN_SECONDS = 3.0
SLACK_SECONDS = 90.0


@dataclass(frozen=True)
class Wish:
    """What is to happen: shares of all buyers, seconds."""

    url: tuple[str, int]
    slug: str
    buyers: int
    seconds: float
    hold: float
    never_pay: float
    look_again: float


@dataclass
class Storm:
    """What the buyers met. Times in milliseconds; `taken_at` are the shop's clock's seconds."""

    pages: list[float] = field(default_factory=list)
    refusals: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    orders: list[float] = field(default_factory=list)
    taken_at: list[float] = field(default_factory=list)
    full: int = 0
    paid: int = 0
    unpaid: int = 0
    strange: list[str] = field(default_factory=list)
    cpu: float = 0.0
    rush: float = 0.0


def notice(signer: Signer, page: dict[str, str]) -> dict[str, str]:
    """What the gateway says of a payment that succeeded."""
    fields = {
        "service": "payment.notice", "sign_type": "RSA2", "notice_id": f"N{page['number']}",
        "merchant_id": page["merchant_id"], "number": page["number"], "txn": f"T{page['number']}",
        "amount_minor": page["amount_minor"], "currency": page["currency"], "status": "SUCCESS",
        "paid_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip
    return signer.signed(fields)


def start(wish: Wish, signer: Signer) -> tuple[Connection, Callable[[], None]]:
    """Let the storm begin. Its pipe says "rush over" once, then the Storm; call the rest at the end."""
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe(duplex=False)
    process = fork.Process(target=_run, args=(wish, signer, theirs))
    process.start()
    return ours, process.join


def _run(wish: Wish, signer: Signer, tell: Connection) -> None:
    began = time.process_time()
    crowd = Crowd(wish, signer)
    try:
        asyncio.run(crowd.run(lambda: tell.send("rush over")))
    finally:
        crowd.storm.cpu = time.process_time() - began
        tell.send(crowd.storm)


class Crowd:
    """The buyers, at most so many of them asking at one moment."""

    def __init__(self, wish: Wish, signer: Signer) -> None:
        self.wish, self.signer, self.storm = wish, signer, Storm()
        self.path = f"/flash/{wish.slug}/"
        self.gate = asyncio.Semaphore(AT_ONCE)
        self.rushing = wish.buyers
        # Nobody of an earlier storm comes again.
        self.first = 0x0C000000 + random.randrange(1 << 22)

    async def run(self, rush_over: Callable[[], None]) -> None:
        self.began, self.rush_over = time.perf_counter(), rush_over
        came = [random.random() * self.wish.seconds for _ in range(self.wish.buyers)]
        await asyncio.gather(*(self._buyer(n, at) for n, at in enumerate(came)))

    async def _buyer(self, number: int, at: float) -> None:
        await asyncio.sleep(at)
        visitor = Visitor(*self.wish.url, str(IPv4Address(self.first + number)))
        again = await self._come(visitor, number)
        self._through()
        until = self.wish.seconds + self.wish.hold + SLACK_SECONDS
        while again and number % 100 < self.wish.look_again * 100:
            await asyncio.sleep(LOOK_AGAIN_SECONDS * (0.5 + random.random()))
            if time.perf_counter() - self.began > until:
                return
            again = await self._come(visitor, number)

    async def _come(self, visitor: Visitor, number: int) -> bool:
        """One visit; whatever goes wrong with it is told and ends this buyer's, not the crowd's."""
        try:
            return await self._try(visitor, number)
        except (Broken, OSError, asyncio.IncompleteReadError) as error:
            self.storm.strange.append(f"{type(error).__name__}: {error}"[:300])
            return False
        finally:
            visitor.close()

    def _through(self) -> None:
        self.rushing -= 1
        if not self.rushing:
            self.storm.rush = time.perf_counter() - self.began
            self.rush_over()

    async def _try(self, visitor: Visitor, number: int) -> bool:
        """From the page to the payment; True when it makes sense to look again."""
        answer, took = await self._ask(partial(visitor.get, self.path))
        self.storm.pages.append(took)
        shown = expect(answer, HTTPStatus.OK, "sale page").body.decode()
        form = _hidden(shown)
        if "form_token" not in form:
            found = PHASE.search(shown)
            return self._too_late(shown, back=found is not None and found[1] == "back")
        form |= {"contact": f"{self.wish.slug}-{number}@example.com", "consent": "1"}
        order = f"{self.path}order/"
        for _turn in range(TURNS):
            answer, took = await self._ask(partial(visitor.post, order, form))
            if answer.status == HTTPStatus.SEE_OTHER:
                return await self._pay(answer.location, number, took)
            text = answer.body.decode()
            if answer.status == HTTPStatus.CONFLICT:
                self.storm.refusals.append(took)
                if 'data-phase="full"' in text:
                    self.storm.full += 1
                    return True
                return self._too_late(text, back='data-phase="back"' in text)
            turn = TURN.search(text)
            if answer.status != HTTPStatus.OK or turn is None:
                raise Broken(f"{answer.status} {text[-200:]!r}")
            self.storm.waits.append(took)
            form |= _hidden(text)
            visitor.close()
            due = datetime.fromisoformat(turn[1]).timestamp() - time.time()
            await asyncio.sleep(max(0.0, due) + 0.01)
        return True

    def _too_late(self, text: str, *, back: bool) -> bool:
        """Told so at the moment that the page itself names: it may have been long under way."""
        told = NOW.search(text)
        if told is None:
            raise Broken(f"a page without its time: {text[:200]!r}")
        self.storm.taken_at.append(datetime.fromisoformat(told[1]).timestamp())
        return back

    async def _ask(self, ask: Callable[[], Awaitable[Answer]]) -> tuple[Answer, float]:
        async with self.gate:
            sent = time.perf_counter()
            answer = await ask()
            return answer, (time.perf_counter() - sent) * 1000

    async def _pay(self, location: str, number: int, took: float) -> bool:
        page = dict(parse_qsl(urlsplit(location).query))
        if "number" not in page:
            raise Broken(f"the order led to {location}")
        if number % 1000 < self.wish.never_pay * 1000:
            self.storm.unpaid += 1
            return False
        gateway = Visitor(*self.wish.url, "10.255.0.2")
        path = urlsplit(page["notify_url"]).path
        fields = notice(self.signer, page)
        told, paying = await self._ask(partial(gateway.post, path, fields, cookies=False))
        gateway.close()
        if expect(told, HTTPStatus.OK, "notice").body != b"success":
            raise Broken(f"notice was answered with {told.body[:200]!r}")
        self.storm.paid += 1
        self.storm.orders.append(took + paying)
        return False


def _hidden(text: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in HIDDEN.findall(text)}
