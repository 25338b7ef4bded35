"""The marketplace from a test's side: `Buyer(base).order(…)`, `.query(…)`, `.truth()`."""

from typing import Any

from simulators.client import Client


class Buyer(Client):
    def connect(self, *, shop: str, key: str, secret: str) -> None:
        self.control("connect", shop=shop, key=key, secret=secret)

    def order(
        self, number: str, goods: str, units: int = 1, *, copies: int = 1, **more: Any
    ) -> list[dict[str, Any]]:
        """Order codes, or a top-up when an `account` is named; returns every copy's answer."""
        data = {"goodsId": goods, "num": units, "priceLimit": "100000.00", **more}
        kind = "direct" if "account" in more else "card"
        made = self.control("order", number=number, kind=kind, data=data, copies=copies)
        return list(made["answers"])

    def query(self, number: str) -> dict[str, Any]:
        return dict(self.control("query", number=number)["answer"])

    def call(self, action: str, **data: Any) -> dict[str, Any]:
        return dict(self.control("call", action=action, data=data)["answer"])

    def cards(self, number: str = "") -> set[tuple[str, str]]:
        """The codes it got, of one number or of all."""
        rows = self.truth()["cards"]
        return {(row["card_no"], row["card_pass"]) for row in rows if number in ("", row["number"])}

    def results(self, number: str) -> list[dict[str, Any]]:
        return [row for row in self.truth()["results"] if row["number"] == number]
