"""Where a payment stands at its provider."""

from enum import StrEnum


class Standing(StrEnum):
    """Where a payment stands at the provider. Whatever is not listed is UNKNOWN."""

    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    CLOSED = "closed"
    ABSENT = "absent"
    UNKNOWN = "unknown"
