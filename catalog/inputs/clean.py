"""Checking what the buyer entered against the fields of the product type."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from catalog.inputs.registry import VALIDATORS
from catalog.inputs.spec import Cleaned, InputError, InputSpec, Refused
from catalog.inputs.text import MAX_CHARACTERS, normalise


def clean(inputs: Sequence[InputSpec], data: Mapping[str, str]) -> Cleaned:
    """Check and normalise every field; keys that nobody asked for are dropped.

    Raises InputError for the first field that is missing or not accepted, with a sentence in
    the active language. `masked` joins the fields' masked values and may be shown and stored.
    """
    values: dict[str, str] = {}
    details: dict[str, str] = {}
    masked: list[str] = []
    for spec in inputs:
        raw = str(data.get(spec.key) or "")
        if len(raw) > MAX_CHARACTERS:
            raise InputError(spec.key, _("This is too long."))
        text = normalise(raw)
        if not text:
            if spec.required:
                raise InputError(spec.key, _("Please fill in this field."))
            continue
        try:
            checked = VALIDATORS[spec.validator].check(text, spec.params)
        except Refused as refusal:
            raise InputError(spec.key, refusal.message) from None
        values[spec.key] = checked.value
        masked.append(checked.masked)
        if checked.detail:
            details[spec.key] = checked.detail
    return Cleaned(values, " · ".join(masked), details)
