"""Dialect C's signatures against the protocol's golden vectors (C22)."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fulfillment.suppliers.rest_hmac import signing

VECTORS = json.loads(
    (Path(__file__).parents[3] / "docs/protocols/supplier_c.vectors.json").read_text()
)
SECRET = VECTORS["secret"].encode()
NOW = datetime.fromtimestamp(1767225600, UTC)


@pytest.mark.parametrize("vector", VECTORS["requests"], ids=lambda v: v["name"])
def test_c22_request_signature(vector: dict[str, str]) -> None:
    text = signing.request_text(
        method=vector["method"], target=vector["path"], timestamp=vector["timestamp"],
        nonce=vector["nonce"], body=vector["body"].encode(),
    )  # fmt: skip
    assert text == vector["string_to_sign"]
    assert signing.sign(SECRET, text) == vector["signature"]


def _reply(vector: dict[str, str], **changes: str) -> signing.Envelope:
    headers = {"X-Key-Id": "k1", "X-Timestamp": vector["timestamp"], "X-Nonce": vector["nonce"],
               "X-Signature": vector["signature"], **changes}  # fmt: skip
    return signing.read_envelope(headers)


def _doubt(vector: dict[str, str], envelope: signing.Envelope, **changes: object) -> str:
    values = {"secret": SECRET, "key_id": "k1", "nonce": vector["nonce"], "status": vector["status"],
              "body": vector["body"].encode(), "now": NOW, **changes}  # fmt: skip
    return signing.doubt_reply(envelope, **values)


@pytest.mark.parametrize("vector", VECTORS["replies"], ids=lambda v: v["name"])
def test_c22_reply_is_believed_only_whole(vector: dict[str, str]) -> None:
    good = _reply(vector)
    assert _doubt(vector, good) == ""
    assert _doubt(vector, good, body=b"{}") == "bad_signature"
    assert _doubt(vector, good, status=500) == "bad_signature"
    assert _doubt(vector, good, nonce="another-nonce") == "other_nonce"
    assert _doubt(vector, good, key_id="k2") == "other_key"
    assert _doubt(vector, good, secret=b"other") == "bad_signature"
    assert _doubt(vector, _reply(vector, **{"X-Signature": ""})) == "unsigned"
    assert _doubt(vector, _reply(vector, **{"X-Signature": "密"})) == "bad_signature"


@pytest.mark.parametrize("seconds", [-301, 301, 30 * 86400, -11 * 86400])
def test_c22_stale_and_future_are_refused_either_way(seconds: int) -> None:
    vector = VECTORS["replies"][0]
    now = NOW + timedelta(seconds=seconds)
    assert _doubt(vector, _reply(vector), now=now) == "stale"
    assert _doubt(vector, _reply(vector), now=NOW + timedelta(seconds=299)) == ""


@pytest.mark.parametrize("text", ["", "x", "-1", "1e9", "１７６７２２５６００", "9" * 16])
def test_c22_odd_timestamps_are_stale(text: str) -> None:
    assert not signing.is_fresh(text, now=NOW)


@pytest.mark.parametrize("vector", VECTORS["callbacks"], ids=lambda v: v["name"])
def test_c22_callback_signature(vector: dict[str, str]) -> None:
    headers = {"x-key-id": "k1", "x-callback-id": vector["callback_id"],
               "x-timestamp": vector["timestamp"], "x-signature": vector["signature"]}  # fmt: skip
    body, keys = vector["body"].encode(), {"k1": VECTORS["secret"]}

    def doubt(changes: dict[str, str] | None = None, **other: object) -> str:
        envelope = signing.read_envelope({**headers, **(changes or {})})
        values = {"keys": keys, "body": body, "now": NOW, **other}
        return signing.doubt_callback(envelope, **values)  # type: ignore[arg-type]

    assert doubt() == ""
    assert doubt({"x-callback-id": "CB0002"}) == "bad_signature"
    assert doubt({"x-callback-id": ""}) == "unsigned"
    assert doubt({"x-key-id": "k9"}) == "unknown_key"
    assert doubt(body=body + b" ") == "bad_signature"
    assert doubt(now=NOW + timedelta(days=30)) == "stale"
