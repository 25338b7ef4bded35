"""What callers tell us about a request, and what of it is kept."""

from collections.abc import Mapping

from risk.rulebook import Rulebook
from risk.values import Kind, NotAValue, countable_ip, mask_ip, network_of, normal, value_index

# Told as they are: ids, keyed hashes (hex) and figures. `ip` and `device` are replaced below.
KEPT = frozenset(
    {
        "contact",
        "contact_masked",
        "user",
        "target",
        "units",
        "total_minor",
        "currency",
        "channel",
        "lines",
    }
)
MAX_TEXT = 120

Told = Mapping[str, object]


def countable(told: Told) -> dict[str, str | int | bool]:
    """Facts as the rules count them: `ip` as an index, `person` = the contact, else the account."""
    facts: dict[str, str | int | bool] = {
        key: value for key, value in told.items() if isinstance(value, str | int | bool)
    }
    if ip := str(told.get("ip") or ""):
        facts["ip"] = value_index(Kind.IP, countable_ip(ip)).hex()[:32]
    facts["person"] = str(told.get("contact") or told.get("user") or "")
    return facts


def kept(told: Told) -> dict[str, str | int | bool]:
    """Facts as they are stored: hashes and masks, never an address or a number in clear."""
    facts: dict[str, str | int | bool] = {}
    for key in KEPT & told.keys():
        value = told[key]
        if isinstance(value, str | int | bool):
            facts[key] = value[:MAX_TEXT] if isinstance(value, str) else value
    if ip := str(told.get("ip") or ""):
        facts["ip"] = mask_ip(ip)
        facts["ip_index"] = value_index(Kind.IP, ip).hex()
    if device := str(told.get("device") or ""):
        facts["device_index"] = value_index(Kind.DEVICE, device).hex()
    return facts


def wanted(told: Told, book: Rulebook) -> list[tuple[str, bytes]]:
    """(kind, index) of everybody in the request who could be on a list."""
    found: list[tuple[str, bytes]] = []
    if ip := str(told.get("ip") or ""):
        found.append((Kind.IP.value, value_index(Kind.IP, ip)))
        found += [
            (Kind.NETWORK.value, value_index(Kind.NETWORK, network_of(ip, prefix)))
            for prefix in book.prefixes
            if prefix <= (128 if ":" in ip else 32)
        ]
    if contact := str(told.get("contact") or ""):
        # The index already says phone or mail: it is keyed by kind.
        index = bytes.fromhex(contact)
        found += [(Kind.PHONE.value, index), (Kind.MAIL.value, index)]
    for fact, kind in (("user", Kind.ACCOUNT), ("device", Kind.DEVICE)):
        if value := str(told.get(fact) or ""):
            found.append((kind.value, value_index(kind, value)))
    return found


def contact_fact(kind: str, text: str) -> str:
    """The `contact` fact of a phone or a mail address: its index as hex; empty when it is neither."""
    try:
        return value_index(kind, normal(kind, text)).hex()
    except NotAValue:
        return ""
