"""Signatures and cards of dialect A: pure functions, checked against its published examples.

The signature sorts the *characters* of a message before hashing: whoever has seen one message can
permute its digits and it still verifies. It proves that the other side knows the secret, and not
what was said. Every answer is therefore compared with the purchase, field by field.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from core.crypto import CannotOpen, md5_hex, open_aes_ecb, same

SHANGHAI = ZoneInfo("Asia/Shanghai")
TIME = "%Y-%m-%d %H:%M:%S"


def sign_text(text: str, secret: str) -> str:
    """All characters in order of their code, then the secret, then MD5 in small hex."""
    return md5_hex(("".join(sorted(text)) + secret).encode())


def compact(data: Mapping[str, object]) -> str:
    """JSON without spaces, other scripts as they are: the text that is signed and sent."""
    return json.dumps(dict(data), ensure_ascii=False, separators=(",", ":"))


def request_fields(
    *, method: str, app_key: str, secret: str, content: Mapping[str, object], now: datetime
) -> dict[str, str]:
    """A whole request, signed. ``now`` is told in Shanghai's time, whatever its zone."""
    fields = {
        "app_key": app_key,
        "method": method,
        "timestamp": now.astimezone(SHANGHAI).strftime(TIME),
        "version": "2.0",
        "format": "json",
        "charset": "utf-8",
        "sign_type": "md5",
        "app_auth_token": "",
        "biz_content": compact(content),
    }
    return {**fields, "sign": sign_text(compact(fields), secret)}


def is_genuine(text: str, sign: str, secret: str) -> bool:
    """Whether the other side, knowing the secret, signed these characters in any order."""
    return same(sign_text(text, secret).encode(), sign.lower().encode())


def open_card(sealed: str, secret: str) -> str:
    """A card's number or password: AES-256-ECB under the secret's own 32 characters.

    Raises core.crypto.CannotOpen for a wrong key, bad padding, or what is no UTF-8.
    """
    try:
        return open_aes_ecb(sealed, key=secret.encode()).decode("utf-8")
    except UnicodeDecodeError as error:
        raise CannotOpen("not text") from error
