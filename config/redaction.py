"""Keeps secrets out of logs: by the name of the key, and by the look of the text."""

import re
from collections.abc import MutableMapping
from typing import Any

MASK = "[redacted]"
SECRET_WORDS = (
    "secret", "password", "passwd", "token", "authorization", "cookie", "private", "code_text", "codes", "card_no",
    "cardno", "pin", "otp", "api_key", "apikey", "signature", "session", "recharge_account", "phone", "mobile",
    "dek", "kek",
)  # fmt: skip
PATTERNS = (
    (re.compile(r"-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----", re.DOTALL), MASK),
    (re.compile(r"(?<!\d)(?:\+?86[- ]?)?(1[3-9]\d)\d{4}(\d{4})(?!\d)"), r"\1****\2"),
    (
        re.compile(r"(?i)\b((?:t|token|secret|code|key|sig|signature|sign|password)=)[^&\s\"']+"),
        rf"\1{MASK}",
    ),
    (re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]+"), rf"\1 {MASK}"),
)
DEEPEST = 6


def redact_text(text: str) -> str:
    """Mask phone numbers, PEM blocks, bearer tokens and secret query parameters inside free text."""
    for pattern, replacement in PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def _clean(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, bytes):
        return f"[{len(value)} bytes]"
    if depth >= DEEPEST:
        return MASK
    if isinstance(value, dict):
        return {
            key: MASK if is_secret(str(key)) else _clean(item, depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_clean(item, depth + 1) for item in value]
    return value


def is_secret(name: str) -> bool:
    """Whether a key of this name may hold something that must not be logged."""
    lowered = name.lower()
    return any(word in lowered for word in SECRET_WORDS)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor; keys beginning with an underscore are structlog's own."""
    for key, value in event.items():
        if key.startswith("_"):
            continue
        event[key] = MASK if is_secret(key) and value not in (None, "") else _clean(value, 0)
    return event
