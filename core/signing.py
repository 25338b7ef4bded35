"""Signatures that strangers can check: Ed25519 (RFC 8032), keys and signatures as raw bytes."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from core.crypto import sha256_hex

KEY_ID_LENGTH = 16


def new_signing_key() -> tuple[bytes, bytes]:
    """A new private key and its public half, 32 bytes each. Keep the first one sealed."""
    key = Ed25519PrivateKey.generate()
    return key.private_bytes_raw(), key.public_key().public_bytes_raw()


def key_id(public: bytes) -> str:
    """By which a public key is named: the first 16 hex digits of its SHA-256."""
    return sha256_hex(public)[:KEY_ID_LENGTH]


def sign(private: bytes, message: bytes) -> bytes:
    """64 bytes. Raises ValueError unless `private` is a key of 32 bytes."""
    return Ed25519PrivateKey.from_private_bytes(private).sign(message)


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is over `message` by the key whose public half this is."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
