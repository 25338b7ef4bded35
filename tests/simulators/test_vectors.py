"""Known answers: the documents' vectors hold for the simulators, computed here by other means too."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from simulators.localpay import signing as rsa_signing
from simulators.supplier_c import signing as hmac_signing

ROOT = Path(__file__).resolve().parents[2]
LOCALPAY: dict[str, Any] = json.loads(
    (ROOT / "docs/protocols/localpay.vectors.json").read_text("utf-8")
)
SUPPLIER: dict[str, Any] = json.loads(
    (ROOT / "docs/protocols/supplier_c.vectors.json").read_text("utf-8")
)


def private(signer: str) -> rsa.RSAPrivateKey:
    path = ROOT / f"tests/simulators/data/{signer}_test_key.pem"
    return rsa_signing.load_private(path.read_bytes())


@pytest.mark.parametrize("vector", LOCALPAY["params"], ids=lambda v: v["name"])
def test_localpay_parameters(vector: dict[str, Any]) -> None:
    key = private(vector["signer"])
    text = rsa_signing.canonical(vector["params"]).decode()
    assert text == vector["canonical"]
    assert rsa_signing.sign_bytes(key, text.encode()) == vector["sign"]
    pem = LOCALPAY["keys"][vector["signer"]]["public_pem"].encode()
    public = serialization.load_pem_public_key(pem)
    assert isinstance(public, rsa.RSAPublicKey)
    raw = base64.b64decode(vector["sign"])
    public.verify(raw, text.encode(), padding.PKCS1v15(), hashes.SHA256())
    assert rsa_signing.key_id_of(public) == vector["params"]["key_id"]


def test_localpay_bill() -> None:
    bill = LOCALPAY["bill"]
    message = rsa_signing.bill_message(bill["timestamp"], bill["nonce"], bill["body"].encode())
    assert message.decode() == bill["message"]
    assert rsa_signing.sign_bytes(private("gateway"), message) == bill["sign"]


def test_a_value_cannot_pretend_to_be_a_parameter() -> None:
    one = rsa_signing.canonical({"a": "1&b=2"})
    other = rsa_signing.canonical({"a": "1", "b": "2"})
    assert one != other


@pytest.mark.parametrize("change", ["sign_type", "sign", "number"])
def test_a_changed_message_is_refused(change: str) -> None:
    key = private("gateway")
    signed = rsa_signing.signed(key, "LP1", {"number": "A1", "service": "pay.query.reply"})
    assert rsa_signing.verified(key.public_key(), signed)
    changed = {**signed, change: "RSA" if change == "sign_type" else signed[change][:-2] + "AA"}
    assert not rsa_signing.verified(key.public_key(), changed)


def test_sha1_is_refused() -> None:
    key = private("gateway")
    fields = {"number": "A1", "sign_type": "RSA2"}
    weak = key.sign(rsa_signing.canonical(fields), padding.PKCS1v15(), hashes.SHA1())
    signed = {**fields, "sign": base64.b64encode(weak).decode()}
    assert not rsa_signing.verified(key.public_key(), signed)
    message = rsa_signing.canonical(fields)
    with pytest.raises(InvalidSignature):
        key.public_key().verify(weak, message, padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("vector", SUPPLIER["requests"], ids=lambda v: v["name"])
def test_supplier_requests(vector: dict[str, Any]) -> None:
    body = vector["body"].encode()
    assert hashlib.sha256(body).hexdigest() == vector["body_sha256"]
    by_hand = hmac.new(
        SUPPLIER["secret"].encode(), vector["string_to_sign"].encode(), hashlib.sha256
    )
    made = hmac_signing.sign_request(
        secret=SUPPLIER["secret"],
        method=vector["method"],
        path=vector["path"],
        timestamp=vector["timestamp"],
        nonce=vector["nonce"],
        body=body,
    )
    assert made == vector["signature"] == by_hand.hexdigest()


@pytest.mark.parametrize("vector", SUPPLIER["replies"], ids=lambda v: v["name"])
def test_supplier_replies(vector: dict[str, Any]) -> None:
    made = hmac_signing.sign_reply(
        secret=SUPPLIER["secret"],
        status=vector["status"],
        timestamp=vector["timestamp"],
        nonce=vector["nonce"],
        body=vector["body"].encode(),
    )
    assert made == vector["signature"]


@pytest.mark.parametrize("vector", SUPPLIER["callbacks"], ids=lambda v: v["name"])
def test_supplier_callbacks(vector: dict[str, Any]) -> None:
    made = hmac_signing.sign_callback(
        secret=SUPPLIER["secret"],
        callback_id=vector["callback_id"],
        timestamp=vector["timestamp"],
        body=vector["body"].encode(),
    )
    assert made == vector["signature"]
