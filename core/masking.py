"""How private text is shown to people who may know that it exists, not what it is."""


def mask_middle(text: str, *, head: int = 3, tail: int = 4, dots: int = 4) -> str:
    """`138****8000`; short text shows less and never everything."""
    if len(text) <= head + tail:
        head, tail = (1, 0) if len(text) < 4 else (1, 1)  # noqa: PLR2004
    return text[:head] + "*" * dots + (text[-tail:] if tail else "")


def mask_phone(phone: str) -> str:
    """National part only: `+8613800138000` becomes `138****8000`."""
    return mask_middle(phone.removeprefix("+86"))


def mask_mail(address: str) -> str:
    """`m***@example.com`: the domain helps a person recognise their own address."""
    name, _, domain = address.partition("@")
    return f"{name[:1]}***@{domain}"
