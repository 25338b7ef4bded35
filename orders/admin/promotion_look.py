"""The live preview and the warnings beside the form, in words."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from catalog.offers import ChannelView
from catalog.queries import channel_by_code, default_channel
from core.money import format_minor
from orders.admin.promotion_form import LookForm
from orders.margins import margin_in
from orders.models import Promotion
from orders.promotions.rules.base import BadTerms
from orders.promotions.values import Group
from orders.promotions.why_not import Because
from orders.queries.coupons import code_index
from orders.queries.promotion_conflicts import Conflict, Meeting, conflicts
from orders.queries.promotion_goods import Deepest, deepest
from orders.queries.promotions import live, live_promotion
from orders.services.promotions.preview_promotion import Preview, preview_promotion, usual_items
from orders.services.promotions.promotion_subsidy import agreed
from orders.services.quote import Item, QuoteLine
from orders.views.codes import typed_codes
from orders.views.line import english
from orders.views.promotion_lines import title_of
from orders.views.promotion_words import sku_words, words_of
from orders.views.showing import reason_label, reason_why

MOST_DEEP = 6
UNFINISHED = gettext_noop("Fill in the terms to see what a cart costs.")
BECAUSE = {
    Because.WHO: gettext_lazy("not for this buyer, channel or moment"),
    Because.GOODS: gettext_lazy("not for these goods"),
    Because.TERMS: gettext_lazy("its terms are not reached"),
    Because.BUDGET: gettext_lazy("its money is used up"),
    Because.FLOOR: gettext_lazy("everything stands at its floor already"),
    Because.ALONE: gettext_lazy("one of them does not go together with others"),
    Because.ONE_OF_GROUP: gettext_lazy("one coupon a cart, and another saves more"),
    Because.SAME_LINES: gettext_lazy("another in the same place saves more on these goods"),
    Because.DEARER: gettext_lazy("the cart is cheaper without it"),
}


def look(row: Promotion | None, data: Any, *, now: datetime) -> dict[str, Any]:
    """Context of admin/orders/_promotion_preview.html; `row` is None while its terms make no sense."""
    if row is None:
        return {"look": LookForm(data, [], now), "problem": _(UNFINISHED)}
    asked = LookForm(data if _asked(data) else None, [], now)
    asked.is_valid()
    given = asked.cleaned_data if asked.is_bound else {}
    channel = channel_by_code(given.get("see_channel") or "") or _first_channel(row)
    at = given.get("see_at") or (max(now, row.starts_at) if row.starts_at else now)
    goods = asked.goods() if asked.is_bound else []
    codes = typed_codes(given.get("see_codes") or "")
    try:
        items = [Item(*one) for one in goods] or usual_items(row, channel, at)
        told = preview_promotion(
            row=row, items=items, channel=channel, level=given.get("see_level") or 0, at=at,
            codes=codes,
        )  # fmt: skip
    except BadTerms:
        return {"look": asked, "problem": _(UNFINISHED)}
    shown = LookForm(None, [(one.sku_code, one.quantity) for one in items], at)
    shown.initial["see_channel"] = channel.code
    shown.initial["see_level"] = given.get("see_level") or row.minimum_level
    shown.initial["see_codes"] = " ".join(codes)
    return {
        "problem": "",
        "look": shown,
        "asked": asked.is_bound,
        **_told(told, row, channel),
        "unknown": strange_codes(codes, row.code),
        **_warned(row, now),
    }


def _asked(data: Any) -> bool:
    return bool(data) and any(data.get(f"see_sku_{n}") for n in range(5))


def _first_channel(row: Promotion) -> Any:
    return channel_by_code(row.channels[0]) or default_channel() if row.channels else default_channel()  # fmt: skip


def strange_codes(codes: Sequence[str], own: str) -> str:
    """Those of no running promotion; the code of the previewed one counts as typed anyway."""
    known = {*live().by_code, own.upper()}
    return ", ".join(code for code in codes if code not in known and code_index(code) is None)


def _told(told: Preview, row: Promotion, channel: ChannelView) -> dict[str, Any]:
    found = told.quote
    used = {one.rule for one in found.used}
    mine = told.rule is not None and told.rule.id in used
    lines = [_line(line, row, channel) for line in found.lines]
    costs = [one["cost_minor"] for one in lines]
    cost = sum(one for one in costs if one is not None)
    left = margin_in(channel, paid_minor=found.total_minor, cost_minor=cost)
    known = bool(lines) and None not in costs
    return {
        "lines": lines,
        "applies": mine,
        "currency": found.currency,
        "total_minor": found.total_minor,
        "list_minor": sum(line.unit_minor * line.quantity for line in found.lines if not line.is_gift),
        "before_minor": told.before_minor,
        "saved_minor": told.before_minor - found.total_minor,
        "cost_minor": cost if known else None,
        "fee_minor": left.fee_minor,
        "commission_minor": left.commission_minor,
        "margin_minor": left.left_minor if known else None,
        "subsidy_minor": sum(line.subsidy_minor for line in found.lines),
        "losers": _losers(told, row),
        "problems": [one.message for one in found.problems if one.key != "input"],
    }  # fmt: skip


def _losers(told: Preview, row: Promotion) -> list[tuple[str, bool, Any]]:
    """Those for other goods were never in question."""
    return [
        (title_of(rule), rule.id == row.public_id, BECAUSE[why])
        for rule, why in told.losers
        if why != Because.GOODS or rule.id == row.public_id
    ]


def _line(line: QuoteLine, row: Promotion, channel: ChannelView) -> dict[str, Any]:
    offer = line.offer
    cost = None if offer.cost_minor is None else offer.cost_minor * line.quantity
    reasons = [
        {
            "label": reason_label(one.as_json()),
            "why": reason_why(one.as_json(), offer.currency),
            "amount_minor": one.amount_minor,
            "mine": one.params.get("rule") == row.public_id,
        }
        for one in line.adjustments
        if "rule" in one.params
    ]
    return {
        "title": sku_words(offer.sku_code),
        "units": line.quantity,
        "amount_minor": line.unit_minor * line.quantity,
        "paid_minor": line.paid_minor,
        "floor_minor": offer.floor_minor * line.quantity,
        "at_floor": line.paid_minor == offer.floor_minor * line.quantity and bool(reasons),
        "cost_minor": cost,
        "margin_minor": margin_in(channel, paid_minor=line.paid_minor, cost_minor=cost).left_minor,
        "subsidy_minor": line.subsidy_minor,
        "is_gift": line.is_gift,
        "reasons": reasons,
    }


def _warned(row: Promotion, now: datetime) -> dict[str, Any]:
    deep = deepest(row, now=now)
    return {
        "conflicts": [_conflict(one) for one in conflicts(row, now=now)],
        "deep": [_deep(one) for one in deep[:MOST_DEEP]],
        # A subsidy that two persons agreed to pays for what is under the floor.
        "under": 0 if agreed(row) else sum(one.under_minor > 0 for one in deep),
        "covered": len(deep),
    }


def _deep(one: Deepest) -> dict[str, Any]:
    channel = channel_by_code(one.channel) or default_channel()
    left = margin_in(channel, paid_minor=one.paid_minor, cost_minor=one.offer.cost_minor)
    return {
        "title": sku_words(one.offer.sku_code),
        "code": one.offer.sku_code,
        "unit_minor": one.offer.unit_minor,
        "paid_minor": one.paid_minor,
        "floor_minor": one.offer.floor_minor,
        "margin_minor": left.left_minor,
        "under_minor": max(0, one.under_minor),
        "currency": one.offer.currency,
    }


def _conflict(one: Conflict) -> dict[str, Any]:
    other = one.other
    text = {
        Meeting.STACK: _("They stack: a cart can have both."),
        Meeting.ALONE: _("They exclude each other: the buyer gets the cheaper one."),
        Meeting.BETTER: _("Same place in the stack: each good gets the better one."),
        Meeting.ONE_COUPON: _("One coupon a cart: the buyer gets the better one."),
    }[one.meeting]
    return {
        "other": other,
        "title": (english() and other.name_en) or other.name,
        "place": Group(other.stack).name,
        "text": text,
        "shared": one.shared,
        "to_floor": len(one.to_floor),
        "examples": ", ".join(sku_words(code) for code in one.to_floor[:3]),
    }


def terms_shown(row: Promotion) -> str:
    """The terms of a stored promotion in words, "?" when they make no sense any more."""
    try:
        return words_of(live_promotion(row).terms, row.currency)
    except BadTerms:
        return "?"


def money(minor: int | None, currency: str = "CNY") -> str:
    """An amount, or a dash where none is known."""
    return "–" if minor is None else format_minor(minor, currency)
