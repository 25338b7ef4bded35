"""Ways to reach a person, in one spelling, with the index under which every floor finds them."""

from dataclasses import dataclass

from risk.values import Kind, masked, normal, value_index


@dataclass(frozen=True, slots=True)
class Contact:
    """A phone or mail address. `index` is a keyed hash (32 bytes); `value` is private."""

    kind: str
    value: str
    masked: str
    index: bytes

    def __repr__(self) -> str:
        return f"Contact({self.kind}, {self.masked})"

    @property
    def fact(self) -> str:
        """The `contact` fact of a risk assessment."""
        return self.index.hex()


def read_contact(text: str, *, kind: str = "") -> Contact:
    """A phone (Chinese unless it says its country) or a mail address, as a person typed it.

    Raises risk.values.NotAValue, whose text may be shown.
    """
    chosen = kind or (Kind.MAIL.value if "@" in text else Kind.PHONE.value)
    value = normal(chosen, text)
    return Contact(chosen, value, masked(chosen, value), value_index(chosen, value))
