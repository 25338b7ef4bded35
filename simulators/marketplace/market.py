"""The marketplace's own books: what it ordered, what it was told, which codes it got."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from simulators.clock import Clock, text
from simulators.faults import Rules
from simulators.marketplace.signing import Recipe
from simulators.outgoing import Message, Reply, post
from simulators.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS ordered (number TEXT PRIMARY KEY, kind TEXT NOT NULL, data TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT '1', code TEXT NOT NULL DEFAULT '', price TEXT NOT NULL DEFAULT '',
    platform_no TEXT NOT NULL DEFAULT '', success INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS card (number TEXT NOT NULL, card_no TEXT NOT NULL, card_pass TEXT NOT NULL,
    PRIMARY KEY (number, card_no, card_pass)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS result (id INTEGER PRIMARY KEY, number TEXT NOT NULL, status TEXT NOT NULL,
    genuine INTEGER NOT NULL, fields TEXT NOT NULL, answered TEXT NOT NULL, at REAL NOT NULL);
"""
#: What may be scripted: on the way to the shop, and when the shop tells a result.
FAULTS: Mapping[str, frozenset[str]] = {
    "call": frozenset({"lose_answer", "bad_signature", "old", "no_signature"}),
    "result": frozenset(
        {"delay", "drop_before", "error_before", "redirect", "drop_after", "error_after", "delay_after",
         "wrong_word", "empty", "huge"}
    ),
}  # fmt: skip
#: Ended well, under way, given back.
DONE, UNDER_WAY, GIVEN_BACK = "0", "1", "2"
REFUSED = frozenset({"201", "202", "203", "204", "205", "206", "207", "208"})


@dataclass
class Marketplace:
    """One channel: where the shop is, as whom it calls, and its truth log."""

    store: Store
    clock: Clock
    rules: Rules
    recipe: Recipe = field(default_factory=Recipe)
    shop: str = ""
    key: str = ""
    secret: str = ""
    ack: str = "success"
    lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, action: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """One signed call. Empty when the answer was lost, is unsigned or cannot be read."""
        plan = self.rules.plan("call", {"action": action, "number": str(data.get("orderNo", ""))})
        at = self.clock.unix() - (3600 if "old" in plan else 0)
        fields = {
            "customerId": self.key, "data": self.recipe.pack(data), "version": "1.0",
            "timestamp": text(at)[:19].translate(str.maketrans("", "", "-:T")),
        }  # fmt: skip
        sign = self.recipe.sign(fields, self.secret)
        if "bad_signature" in plan:
            sign = sign[::-1]
        if "no_signature" not in plan:
            fields["sign"] = sign
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        reply = _long_post(Message(f"{self.shop}/{action}", headers, urlencode(fields).encode()))
        return {} if "lose_answer" in plan else self._read(reply)

    def _read(self, reply: Reply) -> dict[str, Any]:
        try:
            fields = json.loads(reply.body.decode("utf-8"))
            genuine = self.recipe.is_genuine(fields, self.secret)
            data = self.recipe.unpack(fields["data"]) if fields["data"] else {}
            return {"retCode": fields["retCode"], "genuine": genuine, "data": data}
        except (ValueError, KeyError, TypeError):
            return {}

    def order(self, number: str, kind: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Order under a number, written down first; the same number again is a repeat."""
        told = {"orderNo": number, **data}
        with self.store.write():
            self.store.run(
                "INSERT OR IGNORE INTO ordered (number, kind, data) VALUES (?, ?, ?)",
                number, kind, json.dumps(told, sort_keys=True),
            )  # fmt: skip
        answer = self.call("cardOrder" if kind == "card" else "directCharge", told)
        self._note(number, answer, refusals=REFUSED)
        return answer

    def query(self, number: str) -> dict[str, Any]:
        """Ask what became of a number, and keep the codes."""
        row = self.store.row("SELECT kind FROM ordered WHERE number = ?", number)
        kind = row["kind"] if row else "card"
        answer = self.call("cardQuery" if kind == "card" else "directQuery", {"orderNo": number})
        self._note(number, answer, refusals=frozenset())
        return answer

    def _note(self, number: str, answer: dict[str, Any], *, refusals: frozenset[str]) -> None:
        """Only what is signed and in the table moves an order on; everything else stays open."""
        if not answer.get("genuine"):
            return
        code, data = answer["retCode"], answer["data"]
        with self.store.write():
            if code in refusals:
                self.store.run(
                    "UPDATE ordered SET status = ?, code = ? WHERE number = ?",
                    GIVEN_BACK,
                    code,
                    number,
                )
            if code != "100" or data.get("orderNo") != number:
                return
            self.store.run(
                "UPDATE ordered SET status = ?, price = ?, platform_no = ?, success = ?, code = ?"
                " WHERE number = ?",
                data["orderStatus"], data["price"], data["platformNo"], data["successNum"],
                data["failCode"], number,
            )  # fmt: skip
            for card in data["cards"]:
                self.store.run(
                    "INSERT OR IGNORE INTO card VALUES (?, ?, ?)",
                    number, card["cardNo"], card["cardPass"],
                )  # fmt: skip


def _long_post(message: Message) -> Reply:
    """Answers with codes are longer than what a callback answers."""
    return post(message, timeout=60.0, most=4 << 20)
