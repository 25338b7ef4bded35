"""Public ids, numbers for outside parties, and unguessable tokens. Database keys never leave."""

import secrets

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ID_LENGTH = 16  # 80 random bits


def _draw(length: int) -> str:
    bits = int.from_bytes(secrets.token_bytes((length * 5 + 7) // 8))
    return "".join(CROCKFORD[(bits >> (5 * i)) & 31] for i in range(length))


def new_id(prefix: str) -> str:
    """A public id such as `ord_7K2M9QXD4TB8N5VC`: prefix and 16 Crockford capitals (80 bits)."""
    return f"{prefix}_{_draw(ID_LENGTH)}"


def new_number(prefix: str) -> str:
    """A number for providers and suppliers, `[0-9A-Z]`, 24 characters, never reused."""
    return f"{prefix}{_draw(24 - len(prefix))}"


def new_token() -> str:
    """A bearer secret of 128 bits, safe in a URL."""
    return secrets.token_urlsafe(16)


def new_secret(length: int = 8) -> str:
    """A short secret a person can read aloud: Crockford capitals without look-alikes."""
    return _draw(length)


class PublicIdConverter:
    """Path converter `<pid:order_id>`; anything not shaped like a public id is no URL of ours."""

    regex = r"[a-z]{2,4}_[0-9A-HJKMNP-TV-Z]{16}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value
