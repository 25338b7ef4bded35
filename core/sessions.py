"""Sessions: rows of PostgreSQL, sealed. They hold sign-in codes and phone numbers under way.

Not kept in Valkey as well: a session that was ended while Valkey could not be reached would come
back to life with it. Reading one takes a statement, for signed-in people only. The key comes from
SECRET_KEY, so that a rotation of data keys signs nobody out.
"""

import base64
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils.crypto import salted_hmac

SALT = "core.sessions"
NONCE_BYTES = 12


class SessionStore(DatabaseStore):
    """Django's database sessions; a row's text opens under its own session key only."""

    def encode(self, session_dict: dict[str, Any]) -> str:
        nonce = os.urandom(NONCE_BYTES)
        plain = self.serializer().dumps(session_dict)
        sealed = _cipher(settings.SECRET_KEY).encrypt(nonce, plain, self._place())
        return base64.b64encode(nonce + sealed).decode()

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """The session, or an empty one when it cannot be opened: then its holder signs in anew."""
        try:
            raw = base64.b64decode(session_data, validate=True)
        except ValueError:
            return {}
        for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
            try:
                plain = _cipher(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], self._place())
            except (InvalidTag, ValueError):
                continue
            opened: dict[str, Any] = self.serializer().loads(plain)
            return opened
        return {}

    def _place(self) -> bytes:
        return (self.session_key or "").encode()

    def _validate_session_key(self, key: str | None) -> bool:
        """Ours are letters and digits; nothing else is asked of the database."""
        least = 8  # Django's own
        return key is not None and len(key) >= least and key.isascii() and key.isalnum()


def _cipher(secret: str) -> AESGCM:
    return AESGCM(salted_hmac(SALT, "seal", secret=secret, algorithm="sha256").digest())
