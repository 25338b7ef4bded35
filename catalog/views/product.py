"""The product page: choose a SKU, say for whom, buy at once."""

import json
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from catalog.bundles.showing import fields_for, inside
from catalog.faces import offer_face, product_card
from catalog.inputs import VALIDATORS, InputSpec
from catalog.offers import ChannelView, Offer, ProductPage
from catalog.pages import level_of, render_page
from catalog.queries import on_sale, product_page
from core import clock
from core.money import decimal_text

RELATED = 4
# A stage shows no more faces than a hand holds.
FAN = 3


@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    """A product with one SKU chosen (`?sku=CODE`, else the one to lead with)."""
    now = clock.now()
    channel: ChannelView = request.channel  # type: ignore[attr-defined]
    level = level_of(request)
    page = product_page(slug, channel, now, level=level)
    if page is None:
        raise Http404
    language = get_language() or ""
    code = request.GET.get("sku", "")
    named = next((offer for offer in page.offers if offer.sku_code == code), None)
    chosen = named or page.lowest
    if chosen is None:
        raise Http404
    groups = inside(chosen, channel, now, language)
    context = {
        "page": page,
        "offer": chosen,
        "choices": [_choice(page, offer, chosen, language) for offer in page.offers],
        "face": offer_face(chosen, language),
        "fields": fields_of(chosen, channel, now, language),
        "inside": groups,
        "fan": [part.face for group in groups for part in group.parts][:FAN],
        "saved_minor": (chosen.market_minor or 0) - chosen.unit_minor,
        "level_name": _level_name(chosen, language),
        "can_buy": chosen.state_ok and chosen.availability != "out",
        "max_quantity": _most(chosen),
        "related": _related(page, channel, now, language, level),
        "structured": _structured(page, language),
        "canonical": settings.SITE_URL + reverse("catalog:product", args=[page.slug]),
    }
    # Only addresses that name something are kept: the bare page and one for each SKU.
    shared = not request.GET or (named is not None and set(request.GET) == {"sku"})
    return render_page(request, "catalog/product.html", context, now=now, shared=shared)


def _choice(page: ProductPage, offer: Offer, chosen: Offer, language: str) -> dict[str, Any]:
    return {
        "url": reverse("catalog:product", args=[page.slug]) + f"?sku={offer.sku_code}",
        "name": offer.sku_title_en if language.startswith("en") else offer.sku_title,
        "offer": offer,
        "chosen": offer is chosen,
        "out": offer.availability == "out" or not offer.state_ok,
    }


def fields_of(
    offer: Offer, channel: ChannelView, now: datetime, language: str
) -> list[dict[str, Any]]:
    """What is asked of the buyer; a bundle asks for all that may be inside, the same kind once."""
    if offer.bundle is None:
        return [input_shown(spec, language) for spec in offer.inputs]
    join = ", " if language.startswith("en") else "、"
    return [
        input_shown(one.spec, language)
        | {
            "codes": " ".join(one.codes),
            "always": one.always,
            "for": join.join(one.names),
            # Which of them the buyer takes is not known yet; the server asks for what is missing.
            "required": one.spec.required and one.always,
        }
        for one in fields_for(offer, channel, now, language)
    ]


def input_shown(spec: InputSpec, language: str) -> dict[str, Any]:
    """What parts/input.html reads."""
    english = language.startswith("en")
    validator = VALIDATORS[spec.validator]
    options = spec.params.get("options", ()) if validator.widget == "select" else ()
    return {
        "name": f"in_{spec.key}",
        "label": (spec.label_en if english else spec.label) or spec.label,
        "hint": (spec.hint_en if english else spec.hint) or "",
        "type": validator.widget,
        "inputmode": validator.inputmode,
        "autocomplete": validator.autocomplete,
        "maxlength": validator.maxlength,
        "required": spec.required,
        "choices": [
            (
                option["value"],
                (option.get("label_en") if english else option.get("label")) or option["value"],
            )
            for option in options
        ],
    }


def _level_name(offer: Offer, language: str) -> str:
    """Which member level's price the offer shows; empty for the price of everybody."""
    for reason in offer.reasons:
        if reason.key in ("level_price", "member_day_price"):
            names = dict(reason.params)
            return str(names["name_en" if language.startswith("en") else "name"])
    return ""


def _most(offer: Offer) -> int:
    """The most that one order may hold; a top-up's recipient gets one at a time unless told."""
    limits = offer.limits
    bounds = [limit for limit in (limits.per_order, limits.per_buyer, limits.per_day) if limit]
    return max(1, min(bounds))


def _related(
    page: ProductPage, channel: ChannelView, now: Any, language: str, level: int
) -> list[Any]:
    shelf = on_sale(channel, now, level=level)
    others = [one for one in shelf if one.category_slug == page.category_slug]
    others = [one for one in others if one.product_id != page.product_id and not one.is_sold_out]
    return [product_card(one, language) for one in others[:RELATED]]


def _structured(page: ProductPage, language: str) -> SafeString:
    """schema.org Product as JSON; data, not script, and safe inside a script element."""
    english = language.startswith("en")
    data = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": page.title_en if english else page.title,
        "brand": {"@type": "Brand", "name": page.brand_en if english else page.brand},
        "category": page.category_en if english else page.category,
        "offers": [
            {
                "@type": "Offer",
                "sku": offer.sku_code,
                "name": offer.sku_title_en if english else offer.sku_title,
                "price": decimal_text(offer.unit_minor, offer.currency),
                "priceCurrency": offer.currency,
                "availability": "https://schema.org/"
                + ("InStock" if offer.state_ok and offer.availability != "out" else "OutOfStock"),
            }
            for offer in page.offers
        ],
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    escaped = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return mark_safe(escaped)  # noqa: S308  escaped for a script element, as json_script does
