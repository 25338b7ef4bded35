"""What is inside a bundle, as plain values."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """So many units of a SKU in one bundle."""

    sku_id: int
    sku_code: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Group:
    """Parts that are all inside (`choose` is None), or of which the buyer takes `choose` different ones."""

    name: str
    name_en: str
    choose: int | None
    parts: tuple[Part, ...]

    @property
    def taken(self) -> int:
        """How many of its parts one buyer gets."""
        return len(self.parts) if self.choose is None else self.choose


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle by the key of its SKU; a SKU stands in it once at most."""

    sku_id: int
    groups: tuple[Group, ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        """Everything that may be inside."""
        return tuple(part for group in self.groups for part in group.parts)

    @property
    def offers_choice(self) -> bool:
        return any(group.choose is not None for group in self.groups)

    @property
    def contents(self) -> str:
        """Changes whenever what is inside does: a page that showed it says what it showed."""
        text = "|".join(
            f"{group.choose}:"
            + ",".join(f"{part.sku_code}*{part.quantity}" for part in group.parts)
            for group in self.groups
        )
        return hashlib.sha256(text.encode()).hexdigest()[:12]
