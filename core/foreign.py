"""Text that strangers send: what UTF-8 and PostgreSQL cannot hold is no text."""


def is_text(value: object) -> bool:
    """Whether it is text without zero bytes and halves of surrogate pairs (JSON can spell both)."""
    if not isinstance(value, str) or "\x00" in value:
        return False
    return value.isascii() or not any("\ud800" <= char <= "\udfff" for char in value)
