"""The supplier from a test's side: truth, faults, callbacks, and a signed caller."""

import base64
import http.client
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from simulators.client import Client
from simulators.outgoing import Message, Reply, post
from simulators.supplier_c import signing

FRESH_SECONDS = 300


@dataclass(frozen=True)
class Callback:
    """A callback that was built and not sent."""

    url: str
    headers: Mapping[str, str]
    body: bytes

    def post(self, url: str = "") -> Reply:
        return post(Message(url or self.url, self.headers, self.body))


class Supplier(Client):
    def grants(self, **narrow: str) -> list[dict[str, Any]]:
        """Units really delivered; narrow by external_id, account or product."""
        return list(self.truth(**narrow)["grants"])

    def orders(self, **narrow: str) -> list[dict[str, Any]]:
        return list(self.truth(**narrow)["orders"])

    def product(self, code: str, **changes: object) -> None:
        """Change or add a product: cost_minor, stock, state, kind, max_quantity."""
        self.control("product", product=code, **changes)

    def set_balance(self, balance_minor: int) -> None:
        self.control("balance", balance_minor=balance_minor)

    def finish(self, external_id: str, state: str, *, code: str = "") -> dict[str, Any]:
        """End an order now: COMPLETED, REJECTED, FAILED or REVERSED."""
        made = self.control("finish", external_id=external_id, state=state, code=code)
        return dict(made["order"])

    def repeat(self, mode: str) -> None:
        self.control("repeat", mode=mode)

    def callback(self, external_id: str, *, forge: str = "", **changes: object) -> Callback:
        """The last callback of an order: true, changed before signing, or forged."""
        made = self.control("callback", external_id=external_id, forge=forge, changes=changes)
        return Callback(made["url"], made["headers"], base64.b64decode(made["body_base64"]))

    def recallback(
        self, external_id: str, *, copies: int = 1, concurrency: int = 16
    ) -> dict[str, Any]:
        """Send the same bytes several times at once."""
        return self.control(
            "recallback", external_id=external_id, copies=copies, concurrency=concurrency
        )

    def set_key(self, key_id: str, *, secret: str = "", disabled: bool | None = None) -> None:
        body: dict[str, Any] = {"key_id": key_id}
        body |= {"secret": secret} if secret else {}
        self.control("key", **body | ({} if disabled is None else {"disabled": disabled}))

    def statement_breaks(
        self, day: str, *, count: int, seed: int = 0, kinds: list[str] | None = None
    ) -> list[dict[str, Any]]:
        made = self.control("statement_breaks", day=day, count=count, seed=seed, kinds=kinds)
        return list(made["breaks"])


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes
    genuine: bool

    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


class Caller:
    """A buyer who signs by the document; for tests of the simulator itself."""

    def __init__(self, base: str, *, key_id: str, secret: str, timeout: float = 10.0) -> None:
        self._at = urlsplit(base)
        self._key_id = key_id
        self._secret = secret
        self._timeout = timeout

    def call(
        self, method: str, path: str, data: object = None, *, nonce: str = "", shift: int = 0
    ) -> Answer:
        """One signed call. Raises OSError or HTTPException when the line breaks."""
        body = b"" if data is None else json.dumps(data, ensure_ascii=False).encode()
        stamp, nonce = str(int(time.time()) + shift), nonce or secrets.token_urlsafe(16)
        headers = {
            "X-Key-Id": self._key_id,
            "X-Timestamp": stamp,
            "X-Nonce": nonce,
            "X-Signature": signing.sign_request(
                secret=self._secret, method=method, path=path, timestamp=stamp, nonce=nonce,
                body=body,
            ),
        }  # fmt: skip
        line = http.client.HTTPConnection(
            self._at.hostname or "", self._at.port, timeout=self._timeout
        )
        try:
            line.request(method, path, body, headers)
            answer = line.getresponse()
            raw = answer.read()
            found = {name.lower(): value for name, value in answer.getheaders()}
            genuine = self._genuine(answer.status, found, raw, nonce)
            return Answer(answer.status, found, raw, genuine)
        finally:
            line.close()

    def _genuine(self, status: int, found: Mapping[str, str], body: bytes, nonce: str) -> bool:
        stamp = found.get("x-timestamp", "0")
        wanted = signing.sign_reply(
            secret=self._secret, status=status, timestamp=stamp, nonce=nonce, body=body
        )
        fresh = abs(time.time() - int(stamp)) <= FRESH_SECONDS
        return fresh and signing.same(wanted, found.get("x-signature", ""))

    def place(self, external_id: str, product: str, **fields: object) -> Answer:
        order = {"external_id": external_id, "product": product, "quantity": 1, "currency": "CNY"}
        return self.call("POST", "/v1/orders", {**order, **fields})

    def look_up(self, external_id: str) -> Answer:
        return self.call("GET", f"/v1/orders/by-external-id/{external_id}")
