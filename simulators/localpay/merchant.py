"""A merchant who works by the document; for tests of the gateway itself and for load."""

import http.client
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric import rsa

from simulators import clock
from simulators.localpay import signing
from simulators.localpay.script import Signer


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes
    genuine: bool

    @property
    def fields(self) -> dict[str, str]:
        return dict(json.loads(self.body))

    @property
    def code(self) -> str:
        return self.fields.get("code", "")


class Merchant:
    def __init__(
        self, base: str, *, signer: Signer, gateway_key: rsa.RSAPublicKey, name: str = "QUANYI"
    ) -> None:
        self.base = base
        self.signer = signer
        self.name = name
        self._gateway_key = gateway_key

    def link(self, number: str, /, *, notify_url: str, **changes: str) -> str:
        """A pay link for ¥98.50, good for a minute; `changes` replace parameters."""
        fields = {
            "service": "pay.page",
            "merchant_id": self.name,
            "number": number,
            "amount_minor": "9850",
            "currency": "CNY",
            "subject": "京东E卡 100元 & more=1",
            "notify_url": notify_url,
            "return_url": f"{self.base}/health?order=1&b=2",
            "expires_at": clock.text(time.time() + 60),
            **changes,
        }
        return f"{self.base}/pay?{urlencode(self.signer.signed(fields))}"

    def call(self, op: str, service: str, **params: str) -> Answer:
        """One signed call. Raises OSError or HTTPException when the line breaks."""
        nonce = params.get("nonce") or secrets.token_urlsafe(16)
        fields = {"merchant_id": self.name, "service": service, **params, "nonce": nonce}
        body = urlencode(self.signer.signed(fields)).encode()
        return self.send(op, body, nonce=nonce)

    def send(self, op: str, body: bytes, *, nonce: str, timeout: float = 10.0) -> Answer:
        at = urlsplit(self.base)
        line = http.client.HTTPConnection(at.hostname or "", at.port, timeout=timeout)
        try:
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            line.request("POST", f"/api/{op}", body, kind)
            answer = line.getresponse()
            raw = answer.read()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, headers, raw, self._genuine(headers, raw, nonce))
        finally:
            line.close()

    def _genuine(self, headers: Mapping[str, str], body: bytes, nonce: str) -> bool:
        """By the document: signature, nonce of the request, time."""
        if "x-localpay-sign" in headers:
            stamp, given = headers["x-localpay-timestamp"], headers["x-localpay-nonce"]
            message = signing.bill_message(stamp, given, body)
            right = signing.verify_bytes(self._gateway_key, message, headers["x-localpay-sign"])
        else:
            try:
                fields = json.loads(body)
                stamp, given = fields["timestamp"], fields["nonce"]
            except (ValueError, KeyError, TypeError):
                return False
            right = signing.verified(self._gateway_key, fields)
        return right and given == nonce and abs(time.time() - int(stamp)) <= 300  # noqa: PLR2004

    def query(self, number: str) -> Answer:
        return self.call("query", "pay.query", number=number)

    def close(self, number: str) -> Answer:
        return self.call("close", "pay.close", number=number)

    def refund(
        self, number: str, refund_number: str, amount_minor: int = 9850, **more: str
    ) -> Answer:
        fields = {"number": number, "refund_number": refund_number, "currency": "CNY", **more}
        return self.call("refund", "refund.create", amount_minor=str(amount_minor), **fields)

    def refund_query(self, refund_number: str) -> Answer:
        return self.call("refund_query", "refund.query", refund_number=refund_number)

    def mandate_link(self, number: str, /, *, notify_url: str, **changes: str) -> str:
        """A link to sign for charges of at most ¥19.90, good for a minute."""
        fields = {
            "service": "mandate.page",
            "merchant_id": self.name,
            "number": number,
            "limit_minor": "1990",
            "currency": "CNY",
            "subject": "会员连续包月",
            "notify_url": notify_url,
            "return_url": f"{self.base}/health?order=1&b=2",
            "expires_at": clock.text(time.time() + 60),
            **changes,
        }
        return f"{self.base}/mandate?{urlencode(self.signer.signed(fields))}"

    def mandate_query(self, number: str) -> Answer:
        return self.call("mandate_query", "mandate.query", number=number)

    def mandate_end(self, number: str) -> Answer:
        return self.call("mandate_end", "mandate.end", number=number)

    def charge(
        self, number: str, mandate: str, amount_minor: int = 1990, *, notify_url: str, **more: str
    ) -> Answer:
        fields = {
            "number": number,
            "mandate": mandate,
            "currency": "CNY",
            "subject": "会员",
            **more,
        }
        return self.call(
            "charge", "mandate.charge", amount_minor=str(amount_minor), notify_url=notify_url,
            **fields,
        )  # fmt: skip

    def bill(self, day: str) -> Answer:
        return self.call("bill", "bill.day", day=day)
