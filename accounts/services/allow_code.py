from datetime import datetime

from core import limits
from risk.values import Kind, countable_ip, value_index

# R-LIM: one a minute and five an hour for one recipient, twenty an hour from one address.
LIMITS = (("minute", "to", 1, 60), ("hour", "to", 5, 3600), ("hour", "ip", 20, 3600))


def allow_code(*, to_index: bytes, ip: str, now: datetime) -> bool:
    """Whether one more code may go to this recipient on behalf of this address; counts it.

    Counted in PostgreSQL, so it holds while Valkey is gone.
    """
    whose = {"to": to_index.hex(), "ip": value_index(Kind.IP, countable_ip(ip)).hex()[:32]}
    return all(
        limits.hit(f"code:{span}:{whose[who]}", limit=limit, seconds=seconds, now=now)
        for span, who, limit, seconds in LIMITS
    )
