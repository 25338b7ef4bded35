"""A notice as bytes: stamped, signed, encoded."""

import json
from collections.abc import Mapping
from urllib.parse import urlencode

from simulators.localpay.gateway import Gateway, new_nonce
from simulators.outgoing import Message


def message(gw: Gateway, url: str, fields: Mapping[str, str]) -> Message:
    """A truly signed notice, fresh now."""
    return encoded(gw, url, gw.keys.sign(stamped(gw, fields)))


def stamped(gw: Gateway, fields: Mapping[str, str]) -> dict[str, str]:
    return {**fields, "timestamp": gw.clock.stamp(), "nonce": new_nonce()}


def encoded(gw: Gateway, url: str, signed: Mapping[str, str]) -> Message:
    if gw.notify_format == "json":
        body = json.dumps(signed, ensure_ascii=False).encode()
        return Message(url, {"Content-Type": "application/json"}, body)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return Message(url, headers, urlencode(signed).encode())
