"""Keys and ports, made once and kept in the state folder for its owner's eyes only."""

import base64
import json
import os
import secrets
import socket
import subprocess
from pathlib import Path

from launcher.places import PYTHON

RSA_PAIR = """
import sys
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import rsa
key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
private = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
public = key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo)
sys.stdout.buffer.write(private + b"=====" + public)
"""


def _write(path: Path, content: bytes) -> None:
    """Atomic and 0600 from the first byte: a kill -9 in between leaves the old file or the new one."""
    fresh = path.with_suffix(path.suffix + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _random(size: int = 32) -> str:
    return base64.b64encode(secrets.token_bytes(size)).decode()


def keys(state: Path) -> dict[str, str]:
    """Environment variables with this state folder's secrets; the same ones at every start."""
    folder = state / "keys"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / "secrets.json"
    if not path.exists():
        made = {
            "SECRET_KEY": secrets.token_urlsafe(50),
            "QUANYI_KEYS": f"k1:{_random()}",
            "QUANYI_INDEX_KEY": _random(),
            "ALTCHA_HMAC_KEY": secrets.token_urlsafe(32),
            **_suppliers(),
        }
        _write(path, json.dumps(made, indent=1).encode())
    found: dict[str, str] = json.loads(path.read_text())
    if missing := {name: text for name, text in _suppliers().items() if name not in found}:
        # A folder from before these suppliers: its other keys stay as they are.
        found |= missing
        _write(path, json.dumps(found, indent=1).encode())
    return found


def _suppliers() -> dict[str, str]:
    """A key for each simulated supplier; A opens cards with the secret, so it has 32 characters."""
    letters = ("A", "B", "C")
    return {
        **{f"SUPPLIER_{letter}_KEY": "quanyi" for letter in letters},
        **{f"SUPPLIER_{letter}_SECRET": secrets.token_hex(16) for letter in letters},
    }


def rsa_pair(state: Path, name: str) -> tuple[Path, Path]:
    """PEM files (private, public) of 2048 bits, made through the environment's cryptography."""
    folder = state / "keys"
    folder.mkdir(mode=0o700, exist_ok=True)
    private, public = folder / f"{name}.private.pem", folder / f"{name}.public.pem"
    if not (private.exists() and public.exists()):
        made = subprocess.run([PYTHON, "-c", RSA_PAIR], check=True, capture_output=True).stdout
        first, _, second = made.partition(b"=====")
        _write(public, second)
        _write(private, first)
    return private, public


def port(state: Path, name: str) -> int:
    """A free loopback port, chosen once so that stored addresses stay right."""
    path = state / "ports.json"
    chosen: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
    if name not in chosen:
        chosen[name] = _free(set(chosen.values()))
        _write(path, json.dumps(chosen).encode())
    return chosen[name]


def _free(taken: set[int]) -> int:
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            number = int(probe.getsockname()[1])
        if number not in taken:
            return number
