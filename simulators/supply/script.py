"""A supplier from a test's side, whatever it speaks: truth, faults, callbacks."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulators.client import Client
from simulators.outgoing import Message, Reply, post


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

    def claim(self, state: str) -> dict[str, Any]:
        """What changes in a callback so that it claims this state of ours."""
        return dict(self.control("claim", state=state)["changes"])

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
