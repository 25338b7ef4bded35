#!/usr/bin/env python3
"""Checks a certificate of a numbered edition, without trusting the shop that gave it out.

    python3 verify_edition.py crt_….json [--key BASE64] [--salt HEX --owner usr_…]

The file is what the certificate's page offers for download. --key is the shop's public key as its
page /editions/keys/ shows it (else the key in the file is taken, and you compare). With --salt and
--owner, which a holder can show you, it also checks who the last holder is. The chain needs nothing
but Python 3.11; signatures need the package `cryptography`. Exit code 0: all is as it says.
"""

import argparse
import base64
import hashlib
import json
import sys
from pathlib import Path


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def check(file: dict, trusted: str = "") -> dict:
    """The last record of a sound chain. Raises ValueError with what is wrong."""
    first, before = None, ""
    for number, link in enumerate(file["links"]):
        text, record = link["record"].encode(), json.loads(link["record"])
        first = first or record
        same = all(record[key] == first[key] for key in ("certificate", "edition", "number", "of"))
        if not same or record["link"] != number or record["previous"] != before:
            raise ValueError(f"link {number} does not stand on the one before")
        if link["hash"] != sha256(text) or not 1 <= record["number"] <= record["of"]:
            raise ValueError(f"link {number} was altered")
        key = base64.b64decode(trusted or file["keys"][link["key"]])
        if sha256(key)[:16] != link["key"]:
            raise ValueError(f"link {number} was signed by another key, {link['key']}")
        verify(key, text, base64.b64decode(link["signature"]), number)
        before = link["hash"]
    if first is None or first["what"] != "issued":
        raise ValueError("the chain has no beginning")
    return {**first, **record}


def verify(key: bytes, text: bytes, signature: bytes, number: int) -> None:
    """Ed25519. Raises ValueError when the signature is not over these bytes."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, text)
    except InvalidSignature as error:
        raise ValueError(f"link {number} is not signed by the key") from error


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", default="")
    parser.add_argument("--salt", default="")
    parser.add_argument("--owner", default="")
    asked = parser.parse_args()
    try:
        file = json.loads(asked.file.read_text(encoding="utf-8"))
        last = check(file, asked.key)
        mark = sha256(bytes.fromhex(asked.salt) + asked.owner.encode())
    except (ValueError, KeyError, TypeError) as error:
        print(f"NOT GOOD: {error}")
        return 1
    if asked.salt and mark != last["holder"]:
        print("NOT GOOD: this is not the last holder")
        return 1
    links = len(file["links"])
    print(f"good: {last['name']}, {last['number']} of {last['of']}, {links} links, {last['what']}")
    if not asked.key:
        print(f"compare with the shop's page: key {file['links'][-1]['key']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
