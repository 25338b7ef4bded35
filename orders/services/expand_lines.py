"""Part of road step 3: what was quoted becomes the lines that the road knows.

A plain item is one line. A bundle is a line for each of its parts, which is held, delivered and
refunded like any other, and one row around them that people see.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalog.faces import offer_face
from catalog.offers import Offer
from core import crypto, ids
from core.money import split_minor
from orders.models.private import target_context
from orders.queries.placing import NewBundle, NewLine
from orders.services.quote import Quote, QuoteLine
from orders.services.quote_parts import QuotePart


@dataclass(frozen=True, slots=True)
class Take:
    """So many units of an offer for a recipient, as the limits that count uses see it.

    `target` is the blind index of the recipient, or None when nobody was named.
    """

    offer: Offer
    units: int
    target: bytes | None = field(repr=False)


@dataclass(slots=True)
class Expanded:
    """Lines, bundles around some of them, and what counts against limits."""

    lines: list[NewLine] = field(default_factory=list)
    bundles: list[NewBundle] = field(default_factory=list)
    takes: list[Take] = field(default_factory=list)


def expand_lines(priced: Quote) -> Expanded:
    """The lines to be written for a quote without problems; money in minor units.

    The lines of a bundle sum to what is paid for it: each part gets its share of one bundle, times
    the bundles. Limits of a bundle and of what is inside it both count.
    """
    found = Expanded()
    for line in priced.lines:
        if line.parts:
            _add_bundle(found, line)
        else:
            new = _new_line(line)
            found.lines.append(new)
            found.takes.append(Take(line.offer, line.quantity, new.target_index))
    return found


def sold_as(lines: Sequence[NewLine], bundles: Sequence[NewBundle]) -> tuple[str, str, int]:
    """Title and English title of what stands first, and how many things were bought in all."""
    first: NewLine | NewBundle = bundles[0] if lines[0].bundle_id else lines[0]
    alone = sum(line.quantity for line in lines if line.bundle_id is None)
    number = alone + sum(bundle.quantity for bundle in bundles)
    return first.product_title, first.product_title_en, number


def _add_bundle(found: Expanded, line: QuoteLine) -> None:
    public_id, offer = ids.new_id("obn"), line.offer
    # Shares of the price before promotions; what these took off is shared in the same proportion.
    shares = [part.share_minor * line.quantity for part in line.parts]
    paid = split_minor(line.paid_minor, shares)
    subsidies = split_minor(line.subsidy_minor, shares)
    parts = [
        _new_part(line, part, public_id, paid_minor=mine, subsidy_minor=given)
        for part, mine, given in zip(line.parts, paid, subsidies, strict=True)
    ]
    found.lines += parts
    named = next((part.target_index for part in parts if part.target_index), None)
    found.takes.append(Take(offer, line.quantity, named))
    found.takes += [
        Take(part.offer, new.quantity, new.target_index)
        for part, new in zip(line.parts, parts, strict=True)
    ]
    found.bundles.append(
        NewBundle(
            public_id=public_id,
            sku_id=offer.sku_id,
            sku_code=offer.sku_code,
            quantity=line.quantity,
            product_title=offer.product_title,
            product_title_en=offer.product_title_en,
            sku_title=offer.sku_title,
            sku_title_en=offer.sku_title_en,
            face=_face(offer),
            list_minor=line.list_minor,
            unit_minor=line.unit_minor,
            paid_minor=line.paid_minor,
            adjustments=[adjustment.as_json() for adjustment in line.adjustments],
            split=[
                {
                    "line": new.public_id,
                    "sku": part.offer.sku_code,
                    "units": part.quantity,
                    "list_minor": part.list_minor,
                    "share_minor": part.share_minor,
                }
                for part, new in zip(line.parts, parts, strict=True)
            ],
        )
    )


def _new_line(line: QuoteLine) -> NewLine:
    public_id = ids.new_id("lin")
    return NewLine(
        public_id=public_id,
        quantity=line.quantity,
        list_minor=line.list_minor,
        unit_minor=line.unit_minor,
        paid_minor=line.paid_minor,
        subsidy_minor=line.subsidy_minor,
        adjustments=[adjustment.as_json() for adjustment in line.adjustments],
        bundle_id=None,
        **_goods(line.offer),
        **_target(public_id, line.values, line.masked),
    )


def _new_part(
    line: QuoteLine, part: QuotePart, bundle: str, *, paid_minor: int, subsidy_minor: int
) -> NewLine:
    """A part's own line. Its unit price is rounded down; what was paid is exact to the cent."""
    public_id = ids.new_id("lin")
    why = {
        "key": "bundle_share",
        "params": {"bundle": line.offer.sku_code, "bundle_minor": line.unit_minor},
        "amount_minor": part.share_minor - part.list_minor,
    }
    return NewLine(
        public_id=public_id,
        quantity=part.quantity * line.quantity,
        list_minor=part.offer.list_minor,
        unit_minor=part.share_minor // part.quantity,
        paid_minor=paid_minor,
        subsidy_minor=subsidy_minor,
        adjustments=[why],
        bundle_id=bundle,
        **_goods(part.offer),
        **_target(public_id, part.values, part.masked),
    )


def _goods(offer: Offer) -> dict[str, Any]:
    """Everything the promise rests on, copied in."""
    return {
        "sku_id": offer.sku_id,
        "sku_code": offer.sku_code,
        "delivery_kind": offer.delivery_kind,
        "product_title": offer.product_title,
        "product_title_en": offer.product_title_en,
        "sku_title": offer.sku_title,
        "sku_title_en": offer.sku_title_en,
        "guide": offer.guide,
        "guide_en": offer.guide_en,
        "refund_policy": offer.refund_policy,
        "face": _face(offer),
    }


def _target(public_id: str, values: Mapping[str, str], masked: str) -> dict[str, Any]:
    """The recipient: sealed for this line, masked for people, indexed by its first value."""
    sealed = index = None
    if values:
        text = json.dumps(dict(values), ensure_ascii=False)
        sealed = crypto.seal(text, context=target_context(public_id))
        index = crypto.blind_index("order.target", next(iter(values.values())))
    return {"target_sealed": sealed, "target_masked": masked[:120], "target_index": index}


def _face(offer: Offer) -> dict[str, Any]:
    """What the card face needs, in both languages, so that an old order keeps its look."""
    face, face_en = offer_face(offer, "zh-hans"), offer_face(offer, "en")
    return {
        "slug": offer.product_slug,
        "hue": face.hue,
        "kind": face.kind,
        "zh": [face.brand, face.title, face.value],
        "en": [face_en.brand, face_en.title, face_en.value],
    }
