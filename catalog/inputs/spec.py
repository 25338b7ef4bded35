"""Plain values of the input fields: what is asked, and what came out of checking it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One field that a product type asks of the buyer; `params` belong to the validator."""

    key: str
    label: str
    label_en: str
    validator: str
    params: Mapping[str, Any] = field(default_factory=dict)
    hint: str = ""
    hint_en: str = ""
    required: bool = True
    recipient: bool = True


@dataclass(frozen=True, slots=True)
class Checked:
    """A value after its validator: normalised, as it may be shown, and a detail (a carrier)."""

    value: str
    masked: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """All fields of a line: `values` by key for the supplier, `masked` as one line of text."""

    values: dict[str, str]
    masked: str
    details: dict[str, str]


class InputError(Exception):
    """A field was not accepted: `field` is its key, `message` a translated sentence."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class Refused(Exception):
    """Raised by a validator with a translated sentence; `clean` adds the field's key."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
