"""Codes of our own vouchers: how they are drawn, checked, read and written. Knows no database.

18 characters of 31: 17 drawn from the system's random source (31^17 > 2^84) and one check character.
The alphabet is Crockford's without Z, so that its size is a prime; O, I, L, U and Z are read as the
characters they look like. The check is the weighted sum of ISBN-10 (ISO 2108) over 31 instead of 11:
sum of position x value is 0 modulo 31. Because 31 is prime and no two positions weigh the same, it
sees every single wrong character and every exchange of two characters, neighbors or not.
"""

import secrets
import unicodedata

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXY"
PRIME = len(ALPHABET)
LENGTH = 18
GROUP = 6
# What a QR holds before the code, so that a scanner knows whose it is; no character of it needs
# the byte mode of QR.
PREFIX = "QY:"

_VALUE = {sign: value for value, sign in enumerate(ALPHABET)}
_LOOKS_LIKE = str.maketrans("OILUZ", "011V2")
# Scanners set to another keyboard type something else where the colon is.
_COLONS = ":;.'Ö"


def new_code() -> str:
    """A code of 84 random bits with its check character, without separators."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return drawn + _check(drawn)


def _check(drawn: str) -> str:
    """The character that makes the weighted sum zero; its own weight is LENGTH = -13 modulo 31."""
    total = sum(place * _VALUE[sign] for place, sign in enumerate(drawn, start=1))
    return ALPHABET[-total * pow(LENGTH, -1, PRIME) % PRIME]


def read_code(text: str) -> str:
    """A code as a person or a scanner gave it, in its one plain form; empty when it is none.

    Half-width, upper case, without separators and prefix, look-alikes mapped; then the length, the
    alphabet and the check character must be right.
    """
    flat = unicodedata.normalize("NFKC", text[:100]).upper().strip()
    head, tail = flat[: len(PREFIX) - 1], flat[len(PREFIX) - 1 :]
    if head == PREFIX[:-1] and tail[:1] and tail[0] in _COLONS:
        flat = tail[1:]
    plain = "".join(sign for sign in flat if sign.isalnum()).translate(_LOOKS_LIKE)
    if len(plain) != LENGTH or any(sign not in _VALUE for sign in plain):
        return ""
    total = sum(place * _VALUE[sign] for place, sign in enumerate(plain, start=1))
    return plain if total % PRIME == 0 else ""


def grouped(code: str) -> str:
    """The code as people read it: three groups of six."""
    return "-".join(code[at : at + GROUP] for at in range(0, len(code), GROUP))


def qr_text(code: str) -> str:
    """What the QR of a code holds. Takes the plain or the grouped form."""
    return PREFIX + code.replace("-", "")
