"""A sold bundle on the order page and in the wallet: its head, and its parts below it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils import translation

from catalog.faces import Face
from fulfillment.origins import Origin
from fulfillment.queries.deliveries import DeliveryView
from orders.queries.bundle_words import missing_parts, name_of, summary_of, title_of, variant_of
from orders.queries.bundles import BundleState, bundles_around
from orders.views.line import LineShown, english


@dataclass(frozen=True, slots=True)
class GoodsGroup:
    """Deliveries that stand together: a bundle's with its head, or all that are no part of one."""

    deliveries: Sequence[DeliveryView]
    bundle: LineShown | None = None
    summary: str = ""
    # A sentence for each part that was not delivered or was given back.
    missing: tuple[str, ...] = ()


def goods_groups(
    deliveries: Sequence[DeliveryView], bundles: Sequence[BundleState]
) -> list[GoodsGroup]:
    """The deliveries of an order, those of one bundle under its head; a plain order is one group."""
    groups = []
    for state in bundles:
        order = {part.line: place for place, part in enumerate(state.parts)}
        inside = sorted((d for d in deliveries if d.line in order), key=lambda d: order[d.line])
        if inside:
            missing = tuple(missing_parts(state))
            groups.append(GoodsGroup(inside, bundle_shown(state), summary_of(state), missing))
    known = {line for state in bundles for line in state.lines}
    loose = [d for d in deliveries if d.line not in known]
    return [*groups, GoodsGroup(loose)] if loose else groups


def bundle_shown(state: BundleState) -> LineShown:
    """The bundle as one line, with what is inside one of it."""
    brand, title, value = state.face["en" if english() else "zh"]
    return LineShown(
        id=state.id,
        face=Face(state.face["hue"], brand, title, value, state.face["kind"]),
        title=title_of(state),
        sku_title=variant_of(state),
        url=reverse("catalog:product", args=[state.face["slug"]]),
        quantity=state.quantity,
        recipient="",
        list_minor=state.list_minor,
        unit_minor=state.unit_minor,
        # Before promotions, as every line.
        amount_minor=state.unit_minor * state.quantity,
        state="delivered" if state.delivered == state.units else "",
        inside=tuple((name_of(part), part.units // state.quantity) for part in state.parts),
    )


def origins(lines: Collection[str], language: str) -> dict[str, Origin]:
    """For the wallet: what each unit was sold as a part of (fulfillment.origins)."""
    found: dict[str, Origin] = {}
    with translation.override(language):
        for state in bundles_around(lines):
            note = " ".join([summary_of(state), *missing_parts(state)])
            origin = Origin(state.id, title_of(state), note, lacks=bool(state.back_minor))
            found |= dict.fromkeys(state.lines, origin)
    return found
