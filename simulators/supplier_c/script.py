"""Dialect C from a test's side: the supplier's script, and a signed caller."""

import http.client
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from simulators.supplier_c import signing
from simulators.supply.script import Callback, Supplier

__all__ = ["Answer", "Callback", "Caller", "Supplier"]

FRESH_SECONDS = 300


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
