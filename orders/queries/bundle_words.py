"""What is said of a sold bundle on pages and in messages, in the active language."""

from collections.abc import Iterator, Sequence

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.money import format_minor
from orders.queries.bundles import BundleState, PartState


def title_of(thing: BundleState | PartState) -> str:
    """The product's name."""
    return _either(thing.title, thing.title_en)


def variant_of(thing: BundleState | PartState) -> str:
    """The variant's name."""
    return _either(thing.sku_title, thing.sku_title_en)


def name_of(thing: BundleState | PartState) -> str:
    """Product and variant."""
    return f"{title_of(thing)} {variant_of(thing)}".strip()


def summary_of(state: BundleState) -> str:
    """How much of it is there."""
    if state.delivered == state.units:
        return _("All %(n)s parts are yours.") % {"n": state.units}
    return _("%(a)s of %(b)s parts are yours.") % {"a": state.delivered, "b": state.units}


def missing_parts(state: BundleState) -> Iterator[str]:
    """What was not delivered or given back, and where its money is, to the cent."""
    for part in state.parts:
        if not part.back_minor:
            continue
        text = (
            _("%(sum)s for %(name)s has been paid back.")
            if part.back_done
            else _("%(sum)s for %(name)s is on its way back to you.")
        )
        amount = format_minor(part.back_minor, state.currency)
        yield text % {"name": name_of(part), "sum": amount}


def account_of(states: Sequence[BundleState]) -> str:
    """Each bundle with its parts, a line for each: what came, what goes back."""
    lines: list[str] = []
    for state in states:
        lines.append(_("%(name)s: %(how)s") % {"name": title_of(state), "how": summary_of(state)})
        lines += [f"· {name_of(part)}" for part in state.parts if part.delivered]
        lines += [f"· {sentence}" for sentence in missing_parts(state)]
    return "\n".join(lines)


def _either(text: str, text_en: str) -> str:
    english = (get_language() or "").startswith("en")
    return text_en if english and text_en else text
