"""Sealing, keyed hashes and signatures: the one place that touches the cryptography library.

A sealed value is AES-256-GCM under a data key (DEK), which itself is stored wrapped by a
key-encryption key (KEK) that only the environment has. Layout: version 1, DEK id (4 bytes, big
endian), nonce (12 random bytes), ciphertext and tag. The associated data is the caller's context
(table, column, row) and the DEK id, so a value moved to another row does not open (R-VLT-1).
"""

import base64
import binascii
import hashlib
import hmac
import os
import threading
import time
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives import padding as block_padding
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, transaction

from core.models.datakey import DataKey

VERSION = 1
NONCE_BYTES = 12
HEADER_BYTES = 1 + 4
KEY_BYTES = 32
# How long a process may go on sealing under a key that is no longer the active one.
RING_SECONDS = 2.0


class CannotUnseal(ValueError):
    """The value was altered, belongs to another row, or its key is gone."""


class NoDataKey(RuntimeError):
    """No data key exists yet; `manage.py rotate_keys --ensure` makes the first."""


class Secret:
    """Opened text which does not print itself. Only `reveal()` gives it away."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(••••)"

    __str__ = __repr__


# --- keys ---------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _read_keks(text: str) -> dict[str, bytes]:
    keks: dict[str, bytes] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        kek_id, _, encoded = entry.partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise ImproperlyConfigured(f"QUANYI_KEYS: {kek_id} is not base64") from error
        if len(key) != KEY_BYTES or not kek_id:
            raise ImproperlyConfigured(f"QUANYI_KEYS: {kek_id!r} is not a 256-bit key")
        keks[kek_id] = key
    if not keks:
        raise ImproperlyConfigured("QUANYI_KEYS is empty: no key, no vault")
    return keks


def active_kek_id() -> str:
    """The id of the KEK that wraps new data keys: the last one named in QUANYI_KEYS."""
    return list(_read_keks(settings.QUANYI_KEYS))[-1]


def wrap(key: bytes) -> tuple[str, bytes]:
    """Wrap a data key under the active KEK; returns the KEK's id and the wrapped key."""
    kek_id = active_kek_id()
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(_read_keks(settings.QUANYI_KEYS)[kek_id]).encrypt(nonce, key, kek_id.encode())
    return kek_id, nonce + sealed


def unwrap(kek_id: str, wrapped: bytes) -> bytes:
    """Open a wrapped data key. Raises CannotUnseal when the KEK is not the one that wrapped it."""
    kek = _read_keks(settings.QUANYI_KEYS).get(kek_id)
    if kek is None:
        raise CannotUnseal(f"key-encryption key {kek_id} is not in QUANYI_KEYS")
    try:
        return AESGCM(kek).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], kek_id.encode())
    except InvalidTag as error:
        raise CannotUnseal(f"key-encryption key {kek_id} is not the right one") from error


class _Ring:
    """Data keys this process has opened. An unknown id is looked up once more, then refused."""

    def __init__(self) -> None:
        self.ciphers: dict[int, AESGCM] = {}
        self.active: int | None = None
        self.loaded = 0.0
        self.lock = threading.Lock()

    def load(self) -> None:
        with self.lock:
            rows = list(DataKey.objects.exclude(state=DataKey.State.RETIRED))
            self.ciphers = {row.pk: AESGCM(unwrap(row.kek_id, bytes(row.wrapped))) for row in rows}
            self.active = next((r.pk for r in rows if r.state == DataKey.State.ACTIVE), None)
            self.loaded = time.monotonic()

    def sealing(self) -> tuple[int, AESGCM]:
        if self.active is None or time.monotonic() - self.loaded > RING_SECONDS:
            self.load()
        if self.active is None:
            raise NoDataKey("run `manage.py rotate_keys --ensure` once")
        return self.active, self.ciphers[self.active]

    def opening(self, key_id: int) -> AESGCM:
        if key_id not in self.ciphers:
            self.load()
        cipher = self.ciphers.get(key_id)
        if cipher is None:
            raise CannotUnseal(f"data key {key_id} is retired or unknown")
        return cipher


_ring = _Ring()


def forget_keys() -> None:
    """Drop the opened data keys (after a rotation, between tests)."""
    _ring.active = None
    _ring.ciphers = {}


def ensure_data_key() -> int:
    """Make the first data key if there is none. Idempotent. Returns the active key's id."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('core.datakey'))")
        row = DataKey.objects.filter(state=DataKey.State.ACTIVE).first()
        if row is None:
            kek_id, wrapped = wrap(os.urandom(KEY_BYTES))
            row = DataKey.objects.create(kek_id=kek_id, wrapped=wrapped)
    forget_keys()
    return row.pk


# --- sealing ------------------------------------------------------------------------------------


def _associated(context: str, key_id: int) -> bytes:
    return f"{context}|{key_id}".encode()


def seal(text: str, *, context: str) -> bytes:
    """Seal `text` for one place: `context` is "table:column:row", known before the insert.

    Raises NoDataKey before the first key exists.
    """
    key_id, cipher = _ring.sealing()
    nonce = os.urandom(NONCE_BYTES)
    body = cipher.encrypt(nonce, text.encode(), _associated(context, key_id))
    return bytes([VERSION]) + key_id.to_bytes(4) + nonce + body


def unseal(blob: bytes | memoryview, *, context: str) -> Secret:
    """Open a sealed value in the place it was sealed for. Raises CannotUnseal otherwise."""
    raw = bytes(blob)
    if len(raw) <= HEADER_BYTES + NONCE_BYTES or raw[0] != VERSION:
        raise CannotUnseal("not a sealed value")
    key_id = int.from_bytes(raw[1:HEADER_BYTES])
    nonce, body = raw[HEADER_BYTES : HEADER_BYTES + NONCE_BYTES], raw[HEADER_BYTES + NONCE_BYTES :]
    try:
        text = _ring.opening(key_id).decrypt(nonce, body, _associated(context, key_id))
    except InvalidTag as error:
        raise CannotUnseal(
            f"sealed value does not belong to {context.split(':', maxsplit=1)[0]}"
        ) from error
    return Secret(text.decode())


def sealed_under(blob: bytes | memoryview) -> int:
    """The id of the data key that sealed this value."""
    return int.from_bytes(bytes(blob)[1:HEADER_BYTES])


# --- keyed hashes -------------------------------------------------------------------------------


@lru_cache(maxsize=2)
def _index_key(text: str) -> bytes:
    key = base64.b64decode(text or "")
    if len(key) != KEY_BYTES:
        raise ImproperlyConfigured("QUANYI_INDEX_KEY is not a 256-bit key in base64")
    return key


def blind_index(purpose: str, text: str) -> bytes:
    """32 bytes by which equal texts of one purpose can be found; leaks equality only (R-VLT-3)."""
    return hmac.digest(
        _index_key(settings.QUANYI_INDEX_KEY), f"{purpose}\x1f{text}".encode(), "sha256"
    )


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def same(left: str | bytes, right: str | bytes) -> bool:
    """Compare two secrets in constant time."""
    as_bytes = [side.encode() if isinstance(side, str) else side for side in (left, right)]
    return hmac.compare_digest(*as_bytes)


# --- what others chose: suppliers' recipes, never our own ---------------------------------------


def md5_hex(data: bytes) -> str:
    """MD5 in small hex, for suppliers whose signatures are made with it. Proves little: whoever
    relies on it compares what was said with what was asked, field by field.
    """
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


class CannotOpen(ValueError):
    """The foreign ciphertext is not what was promised: wrong key, padding or form."""


def open_aes_ecb(sealed: str, *, key: bytes) -> bytes:
    """Open standard base64 of AES-ECB with PKCS#7 padding; `key` is 16, 24 or 32 bytes.

    ECB hides no patterns and authenticates nothing; it is here because suppliers send cards so.
    A wrong key mostly shows as bad padding, not always: check what comes out. Raises CannotOpen.
    """
    try:
        raw = base64.b64decode(sealed, validate=True)
        cipher = Cipher(algorithms.AES(key), modes.ECB()).decryptor()  # noqa: S305  see above
        padded = cipher.update(raw) + cipher.finalize()
        unpadder = block_padding.PKCS7(algorithms.AES.block_size).unpadder()
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError as error:
        raise CannotOpen("not opened by this key") from error


# --- RSA signatures -----------------------------------------------------------------------------


@lru_cache(maxsize=16)
def _private_key(pem: bytes) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ImproperlyConfigured("an RSA private key is needed")
    return key


@lru_cache(maxsize=16)
def _public_key(pem: bytes) -> rsa.RSAPublicKey:
    key = serialization.load_pem_public_key(pem)
    if not isinstance(key, rsa.RSAPublicKey):
        raise ImproperlyConfigured("an RSA public key is needed")
    return key


def public_der(pem: bytes) -> bytes:
    """SubjectPublicKeyInfo (DER) of a public key, or of a private key's public half."""
    key = _private_key(pem).public_key() if b"PRIVATE KEY" in pem else _public_key(pem)
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def rsa_sign(private_pem: bytes, message: bytes) -> bytes:
    """RSASSA-PKCS1-v1_5 with SHA-256 (what Alipay calls RSA2)."""
    return _private_key(private_pem).sign(message, padding.PKCS1v15(), hashes.SHA256())


def rsa_verify(public_pem: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is RSA-SHA256 over `message`; the algorithm is pinned (R-PAY-3)."""
    try:
        _public_key(public_pem).verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True
