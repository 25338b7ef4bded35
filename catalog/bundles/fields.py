"""What a bundle asks of its buyer: the fields of all its parts, the same kind once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from catalog.inputs import Cleaned, InputError, InputSpec, clean

# Kinds of a person's own: parameters only narrow them (a carrier), so one answer serves all.
PERSONAL = frozenset({"phone", "mail", "qq"})
Kind = tuple[str, str, str]


class Asking(Protocol):
    """As much of an offer as is needed here."""

    @property
    def sku_code(self) -> str: ...
    @property
    def inputs(self) -> tuple[InputSpec, ...]: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """A field as it is asked once; `spec.key` is its posted name, `sku_codes` whom it is for."""

    spec: InputSpec
    sku_codes: tuple[str, ...]


def asked(parts: Sequence[Asking]) -> tuple[Asked, ...]:
    """The fields of these parts in their order.

    Two fields are one when key and validator are equal and the kind is a person's own, or their
    parameters are equal too. A key that is taken by another kind gets a number behind it.
    """
    return tuple(_by_kind(parts).values())


def clean_parts(
    every: Sequence[Asking], wanted: Sequence[Asking], data: Mapping[str, str]
) -> tuple[list[Cleaned], str]:
    """Check the answers for the parts a buyer gets; `every` part of the bundle decides the names.

    Returns what each wanted part is given, and all of it masked, each answer once. Raises
    catalog.inputs.InputError with the posted name of the field.
    """
    names = {kind: one.spec.key for kind, one in _by_kind(every).items()}
    given = [_clean_one(offer, names, data) for offer in wanted]
    texts = [cleaned.masked for cleaned in given if cleaned.masked]
    return given, " · ".join(dict.fromkeys(texts))


def _clean_one(offer: Asking, names: Mapping[Kind, str], data: Mapping[str, str]) -> Cleaned:
    posted = {spec.key: names[_kind(spec)] for spec in offer.inputs}
    try:
        return clean(offer.inputs, {key: data.get(name, "") for key, name in posted.items()})
    except InputError as error:
        raise InputError(posted[error.field], error.message) from None


def _by_kind(parts: Sequence[Asking]) -> dict[Kind, Asked]:
    found: dict[Kind, Asked] = {}
    for offer in parts:
        for spec in offer.inputs:
            known = found.get(_kind(spec))
            if known is None:
                name = _free(spec.key, {one.spec.key for one in found.values()})
                found[_kind(spec)] = Asked(replace(spec, key=name), (offer.sku_code,))
            else:
                required = replace(known.spec, required=known.spec.required or spec.required)
                found[_kind(spec)] = Asked(required, (*known.sku_codes, offer.sku_code))
    return found


def _kind(spec: InputSpec) -> Kind:
    params = "" if spec.validator in PERSONAL else repr(sorted(spec.params.items(), key=str))
    return (spec.key, spec.validator, params)


def _free(key: str, taken: set[str]) -> str:
    name, number = key, 1
    while name in taken:
        number += 1
        name = f"{key}_{number}"
    return name
