"""The gateway from a test's side: `Gateway(base).pay(number)`, `.truth()`, `.notice(number)`."""

import base64
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from simulators.client import Client
from simulators.localpay import signing
from simulators.outgoing import Message, Reply, post


@dataclass(frozen=True)
class Notice:
    """A notice that was built and not sent."""

    url: str
    headers: Mapping[str, str]
    body: bytes

    def post(self, url: str = "") -> Reply:
        return post(Message(url or self.url, self.headers, self.body))


class Gateway(Client):
    def open(self, url: str) -> dict[str, Any]:
        """Open a pay link (the whole address) as a browser does."""
        return self.control("open", url=url)

    def pay(self, number: str, *, url: str = "", wait: float = 5.0) -> dict[str, Any]:
        """Pay as the buyer; with `url` the page is opened first. `wait` is for the first notice."""
        if url:
            self.open(url)
        return self.control("pay", number=number, wait=wait)

    def pay_late(
        self, number: str, *, url: str = "", at_once: bool = True, wait: float = 5.0
    ) -> dict[str, Any]:
        if url:
            self.open(url)
        return self.control("pay_late", number=number, at_once=at_once, wait=wait)

    def open_mandate(self, url: str) -> dict[str, Any]:
        """Open the page of a mandate as a browser does."""
        return self.control("open_mandate", url=url)

    def sign(self, number: str, *, url: str = "") -> dict[str, Any]:
        """The buyer signs a mandate; with `url` its page is opened first."""
        if url:
            self.open_mandate(url)
        return self.control("sign", number=number)

    def refuse(self, number: str) -> dict[str, Any]:
        """The buyer does not sign."""
        return self.control("refuse", number=number)

    def revoke(self, number: str) -> dict[str, Any]:
        """The buyer ends a signed mandate at the gateway; the shop is told."""
        return self.control("revoke", number=number)

    def close(self, number: str) -> dict[str, Any]:
        """The gateway closes it, and tells the shop."""
        return self.control("close", number=number)

    def finish_refund(self, refund_number: str, status: str = "SUCCESS") -> dict[str, Any]:
        return self.control("finish_refund", refund_number=refund_number, status=status)

    def notice(self, number: str, *, forge: str = "", url: str = "", **changes: object) -> Notice:
        """A notice about a number: true, changed before signing, or forged (see forging.KINDS)."""
        made = self.control("notice", number=number, forge=forge, url=url, changes=changes)
        return Notice(made["url"], made["headers"], base64.b64decode(made["body_base64"]))

    def renotify(self, number: str, *, copies: int = 1, concurrency: int = 16) -> dict[str, Any]:
        """Send the same bytes several times at once; returns statuses and how many were acked."""
        return self.control("renotify", number=number, copies=copies, concurrency=concurrency)

    def rotate_key(self, *, keep_old: bool = True) -> str:
        return str(self.control("rotate_key", keep_old=keep_old)["key_id"])

    def bill_breaks(
        self, day: str, *, count: int, seed: int = 0, kinds: list[str] | None = None
    ) -> list[dict[str, Any]]:
        made = self.control("bill_breaks", day=day, count=count, seed=seed, kinds=kinds)
        return list(made["breaks"])


class Signer:
    """Signs as gateway or merchant in this process, for load that must not wait for a call."""

    def __init__(self, private_pem: bytes) -> None:
        self._key = signing.load_private(private_pem)
        self.key_id = signing.key_id_of(self._key.public_key())

    @classmethod
    def of_gateway(cls, state: Path) -> "Signer":
        """The key which the gateway in that state directory made at its first start."""
        public = signing.load_public((state / "gateway-public.pem").read_bytes())
        return cls((state / f"gateway-{signing.key_id_of(public)}.pem").read_bytes())

    def signed(self, fields: Mapping[str, str], *, at: float | None = None) -> dict[str, str]:
        """The fields with timestamp, nonce and signature."""
        stamp = str(int(time.time() if at is None else at))
        fixed = {"timestamp": stamp, "nonce": secrets.token_urlsafe(16), **fields}
        return signing.signed(self._key, self.key_id, fixed)

    def form(self, fields: Mapping[str, str], *, at: float | None = None) -> bytes:
        return urlencode(self.signed(fields, at=at)).encode()
