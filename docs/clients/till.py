#!/usr/bin/env python3
"""A till of the shop: looks at vouchers, uses them, takes a use back, lists what was used.

Needs nothing but Python 3.11. The key and its secret come from the back office (till keys):

    export TILL_URL=https://shop.example TILL_KEY=tky_… TILL_SECRET=…
    python3 till.py peek QY:…            what it is, without using it
    python3 till.py redeem QY:…          one use; --uses 3, or --amount-minor 1250 for 12.50
    python3 till.py undo rdm_…           within the window
    python3 till.py history --limit 20

A scan that got no answer is sent again with the same nonce: it counts once, and the answer is the
first one. Exit code 0: done; 1: refused, with the sentence for the customer; 2: no answer.
"""

import argparse
import hashlib
import hmac
import json
import os
import secrets
import sys
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

TRIES = 4
SECONDS = 5
PREFIX = "/api/till/v1"


class NoAnswer(Exception):
    """The shop could not be reached; whether a scan counted is known once it is sent again."""


class Till:
    """One till with its key. Every method returns (status, answer)."""

    def __init__(self, url: str, key: str, secret: str) -> None:
        self.base = url.rstrip("/")
        self.key = key
        self.secret = secret.encode()
        self.offset = 0  # seconds by which the shop's clock is ahead of ours

    def peek(self, code: str) -> tuple[int, Any]:
        return self._send("POST", "/peek", {"code": code})

    def redeem(self, code: str, *, nonce: str = "", **asked: int) -> tuple[int, Any]:
        nonce = nonce or secrets.token_urlsafe(16)
        return self._send("POST", "/redeem", {"code": code, "nonce": nonce, **asked})

    def undo(self, redemption: str, *, nonce: str = "", reason: str = "") -> tuple[int, Any]:
        nonce = nonce or secrets.token_urlsafe(16)
        body = {"redemption": redemption, "nonce": nonce, "reason": reason}
        return self._send("POST", "/undo", body)

    def history(self, *, before: str = "", limit: int = 50) -> tuple[int, Any]:
        query = {"limit": str(limit), **({"before": before} if before else {})}
        return self._send("GET", "/history", None, query)

    def _send(
        self, method: str, path: str, body: Any, query: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Send until there is an answer. Each try is signed anew; the body with its nonce stays."""
        raw = b"" if body is None else json.dumps(body).encode()
        for turn in range(TRIES):
            if turn:
                time.sleep(min(2**turn, SECONDS) * 0.2)
            try:
                status, answer = self._once(method, path, raw, query or {})
            except (OSError, ValueError):
                continue
            if status == 401 and answer.get("error") == "clock" and turn == 0:
                self.offset = answer["now"] - int(time.time())
                continue
            if status < 500:
                return status, answer
        raise NoAnswer(f"{method} {path}: no answer after {TRIES} tries")

    def _once(self, method: str, path: str, raw: bytes, query: dict[str, str]) -> tuple[int, Any]:
        url = f"{self.base}{PREFIX}{path}"
        stamp, nonce = str(int(time.time()) + self.offset), secrets.token_urlsafe(16)
        pairs = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in query.items())
        lines = (
            self.key,
            method,
            urlsplit(url).path,
            "&".join(f"{name}={value}" for name, value in pairs),
            hashlib.sha256(raw).hexdigest(),
            stamp,
            nonce,
        )
        signature = hmac.new(self.secret, "\n".join(lines).encode(), hashlib.sha256).hexdigest()
        headers = {
            "X-Till-Key": self.key,
            "X-Till-Timestamp": stamp,
            "X-Till-Nonce": nonce,
            "X-Till-Signature": signature,
            "Content-Type": "application/json",
        }
        full = f"{url}?{urlencode(query, quote_via=quote)}" if query else url
        request = urllib.request.Request(
            full, data=raw if method == "POST" else None, headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


def main(arguments: list[str]) -> int:
    """Run one command; prints the answer as JSON."""
    chosen = _parse(arguments)
    till = Till(chosen.url, chosen.key, chosen.secret)
    asked = {
        name: value
        for name in ("uses", "amount_minor")
        if (value := getattr(chosen, name, None)) is not None
    }
    try:
        match chosen.command:
            case "peek":
                status, answer = till.peek(chosen.code)
            case "redeem":
                status, answer = till.redeem(chosen.code, nonce=chosen.nonce, **asked)
            case "undo":
                status, answer = till.undo(
                    chosen.redemption, nonce=chosen.nonce, reason=chosen.reason
                )
            case _:
                status, answer = till.history(before=chosen.before, limit=chosen.limit)
    except NoAnswer as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(answer, ensure_ascii=False, indent=2))
    if status != 200 and "sentence" in answer:
        print(answer["sentence"][chosen.language], file=sys.stderr)
    return 0 if status == 200 else 1


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A till of the shop.")
    env = os.environ.get
    parser.add_argument("--url", default=env("TILL_URL"), required="TILL_URL" not in os.environ)
    parser.add_argument("--key", default=env("TILL_KEY"), required="TILL_KEY" not in os.environ)
    parser.add_argument(
        "--secret", default=env("TILL_SECRET"), required="TILL_SECRET" not in os.environ
    )
    parser.add_argument("--language", choices=("zh", "en"), default="zh")
    commands = parser.add_subparsers(dest="command", required=True)
    peek = commands.add_parser("peek", help="what a voucher is")
    peek.add_argument("code")
    redeem = commands.add_parser("redeem", help="use a voucher")
    redeem.add_argument("code")
    redeem.add_argument("--uses", type=int)
    redeem.add_argument("--amount-minor", type=int)
    redeem.add_argument("--nonce", default="", help="of a scan that got no answer")
    undo = commands.add_parser("undo", help="take a use back")
    undo.add_argument("redemption")
    undo.add_argument("--reason", default="")
    undo.add_argument("--nonce", default="")
    history = commands.add_parser("history", help="what this store redeemed")
    history.add_argument("--before", default="")
    history.add_argument("--limit", type=int, default=50)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
