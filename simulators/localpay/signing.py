"""RSA2 signatures of localpay. Pure functions; golden vectors in docs/protocols."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from urllib.parse import quote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

SIGN_TYPE = "RSA2"
KEY_BITS = 2048


def canonical(params: Mapping[str, str]) -> bytes:
    """Sorted `k=v` joined by `&`, values percent-encoded, without `sign` and empty values.

    Values are encoded so that no value can pretend to be another parameter.
    """
    kept = sorted((k, v) for k, v in params.items() if k != "sign" and v != "")
    return "&".join(f"{k}={quote(v, safe='')}" for k, v in kept).encode("utf-8")


def bill_message(timestamp: str, nonce: str, body: bytes) -> bytes:
    """What the gateway signs for a file answer."""
    digest = hashlib.sha256(body).hexdigest()
    return f"bill.day.reply\n{timestamp}\n{nonce}\n{digest}".encode()


def sign_bytes(key: rsa.RSAPrivateKey, message: bytes) -> str:
    return base64.b64encode(key.sign(message, padding.PKCS1v15(), hashes.SHA256())).decode()


def verify_bytes(key: rsa.RSAPublicKey, message: bytes, signature: str) -> bool:
    try:
        raw = base64.b64decode(signature, validate=True)
        key.verify(raw, message, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def signed(key: rsa.RSAPrivateKey, key_id: str, params: Mapping[str, str]) -> dict[str, str]:
    """The parameters with `key_id`, `sign_type` and `sign` added."""
    out = {**params, "key_id": key_id, "sign_type": SIGN_TYPE}
    out["sign"] = sign_bytes(key, canonical(out))
    return out


def verified(key: rsa.RSAPublicKey, params: Mapping[str, str]) -> bool:
    if params.get("sign_type") != SIGN_TYPE:
        return False
    return verify_bytes(key, canonical(params), params.get("sign", ""))


def key_id_of(key: rsa.RSAPublicKey) -> str:
    """`LP` and the first 16 hex capitals of SHA-256 over the public key's DER."""
    der = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return "LP" + hashlib.sha256(der).hexdigest()[:16].upper()


def public_pem(key: rsa.RSAPublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def private_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def load_private(pem: bytes) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < KEY_BITS:
        raise ValueError("an RSA private key of at least 2048 bits is needed")
    return key


def load_public(pem: bytes) -> rsa.RSAPublicKey:
    key = serialization.load_pem_public_key(pem)
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < KEY_BITS:
        raise ValueError("an RSA public key of at least 2048 bits is needed")
    return key


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
