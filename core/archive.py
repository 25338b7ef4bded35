"""Files that leave the house under a password, readable with nothing but OpenSSL.

`openssl enc -d -aes-256-cbc -pbkdf2 -iter 600000 -md sha256 -in FILE` opens one.
"""

import hashlib
import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

MAGIC = b"Salted__"
SALT_BYTES = 8
ITERATIONS = 600_000
KEY_BYTES, BLOCK_BYTES = 32, 16


def lock_with_password(data: bytes, password: str) -> bytes:
    """Encrypt with AES-256-CBC under PBKDF2-HMAC-SHA256; takes about 0.3 s by design."""
    salt = os.urandom(SALT_BYTES)
    derived = hashlib.pbkdf2_hmac(
        "sha256", password.encode(), salt, ITERATIONS, KEY_BYTES + BLOCK_BYTES
    )
    padder = PKCS7(BLOCK_BYTES * 8).padder()
    padded = padder.update(data) + padder.finalize()
    cipher = Cipher(algorithms.AES(derived[:KEY_BYTES]), modes.CBC(derived[KEY_BYTES:]))
    encryptor = cipher.encryptor()
    return MAGIC + salt + encryptor.update(padded) + encryptor.finalize()
