"""Keys of the gateway (made once, kept in the state directory) and of its merchants."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from simulators.localpay import signing
from simulators.store import Store


class UnknownKey(Exception):
    """No such merchant, or no such key of it; the text is the answer's code."""


class KeyRing:
    def __init__(self, store: Store, state: Path, own: Path | None) -> None:
        self._store = store
        self._state = state
        self._merchants: dict[str, dict[str, rsa.RSAPublicKey]] = {}
        self._own: dict[str, rsa.RSAPrivateKey] = {}
        if own is not None:
            self._remember([signing.load_private(own.read_bytes())])
        elif names := json.loads(store.meta("keys", "[]")):
            self._remember([signing.load_private(self._file(n).read_bytes()) for n in names])
        else:
            self.rotate(keep_old=False)
        self._publish()

    def _remember(self, keys: Sequence[rsa.RSAPrivateKey]) -> None:
        self._own = {signing.key_id_of(key.public_key()): key for key in keys}

    def _file(self, key_id: str) -> Path:
        return self._state / f"gateway-{key_id}.pem"

    def _publish(self) -> None:
        (self._state / "gateway-public.pem").write_bytes(
            signing.public_pem(self.active[1].public_key())
        )

    @property
    def active(self) -> tuple[str, rsa.RSAPrivateKey]:
        return list(self._own.items())[-1]

    def rotate(self, *, keep_old: bool) -> str:
        """Make a new signing key; the file is on disk before the key is named as ours."""
        key = signing.new_key()
        key_id = signing.key_id_of(key.public_key())
        with os.fdopen(os.open(self._file(key_id), os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
            file.write(signing.private_pem(key))
            file.flush()
            os.fsync(file.fileno())
        self._own = {**(self._own if keep_old else {}), key_id: key}
        self._store.set_meta("keys", json.dumps(list(self._own)))
        self._publish()
        return key_id

    def sign(self, params: Mapping[str, str]) -> dict[str, str]:
        key_id, key = self.active
        return signing.signed(key, key_id, params)

    def listed(self) -> list[dict[str, object]]:
        newest = self.active[0]
        return [
            {
                "key_id": key_id,
                "algorithm": signing.SIGN_TYPE,
                "public_pem": signing.public_pem(key.public_key()).decode(),
                "active": key_id == newest,
            }
            for key_id, key in self._own.items()
        ]

    def register(self, merchant_id: str, pem: bytes) -> None:
        key = signing.load_public(pem)
        self._merchants.setdefault(merchant_id, {})[signing.key_id_of(key)] = key

    def merchants(self) -> list[str]:
        return list(self._merchants)

    def merchant_key(self, merchant_id: str, key_id: str) -> rsa.RSAPublicKey:
        if merchant_id not in self._merchants:
            raise UnknownKey("UNKNOWN_MERCHANT")
        if key_id not in self._merchants[merchant_id]:
            raise UnknownKey("UNKNOWN_KEY")
        return self._merchants[merchant_id][key_id]
