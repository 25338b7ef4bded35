"""What one buyer gets of a bundle."""

from collections.abc import Sequence

from django.utils.translation import ngettext

from catalog.bundles.values import Bundle, Group, Part


class PickError(ValueError):
    """Not a lawful choice; `message` is a translated sentence."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def chosen(bundle: Bundle, picks: Sequence[str]) -> tuple[Part, ...]:
    """The parts for these SKU codes: all that is fixed, and of each choice exactly as many as it says.

    Codes of goods that are fixed anyway, or not inside, are passed over. Raises PickError.
    """
    taken: list[Part] = []
    for group in bundle.groups:
        wanted = [
            part for part in group.parts if group.choose is None or part.sku_code in set(picks)
        ]
        if len(wanted) != group.taken:
            raise PickError(_how_many(group))
        taken += wanted
    return tuple(taken)


def _how_many(group: Group) -> str:
    text = ngettext("Please choose %(n)s of them.", "Please choose %(n)s of them.", group.taken)
    return text % {"n": group.taken}
