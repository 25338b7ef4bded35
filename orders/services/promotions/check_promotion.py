"""What is wrong with a wished promotion, field by field, in words."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from accounts.models import MemberLevel
from catalog.snapshot import current
from core.models.counts import LimitCount
from orders.models import Promotion
from orders.models.promotion import Kind, Stack, Trigger
from orders.promotions.rules.base import BadTerms
from orders.promotions.rules.registry import read_terms

if TYPE_CHECKING:
    from orders.services.promotions.save_promotion import Wish

MOST_NAMES = 500
KINDS_OF_NAMES = ("sku", "product", "category", "brand", "tag")


class PromotionRefused(ValueError):
    """A promotion cannot be so; `problems` holds a translated sentence by field ("" for the whole)."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = problems

    @classmethod
    def because(cls, key: str) -> "PromotionRefused":
        return cls({"": _sentence(key)})


def problems_of(wish: "Wish", *, row: Promotion | None) -> dict[str, str]:
    """A sentence by field; nothing when the wish can be stored. `row` is what it would replace."""
    found: dict[str, str] = {}
    if not wish.name.strip():
        found["name"] = _sentence("name")
    _check_terms(wish, found)
    _check_goods(wish, found)
    _check_people(wish, found)
    if wish.starts_at and wish.ends_at and wish.starts_at >= wish.ends_at:
        found["ends_at"] = _sentence("dates")
    _check_stack(wish, row, found)
    if row is not None:
        _check_used(wish, row, found)
    return found


def _check_terms(wish: "Wish", found: dict[str, str]) -> None:
    if wish.kind not in Kind.values:
        found["kind"] = _sentence("unknown_kind")
        return
    try:
        read_terms(wish.kind, wish.params)
    except BadTerms as bad:
        found[bad.field] = _sentence(bad.key)
        return
    gift = str(wish.params.get("sku_code", ""))
    if wish.kind == Kind.GIFT_WITH and gift not in current().sku_ids_by_code:
        found["sku_code"] = _sentence("sku")


def _check_goods(wish: "Wish", found: dict[str, str]) -> None:
    known = known_names()
    for name in ("goods", "goods_left_out"):
        named: list[str] = getattr(wish, name)
        if len(named) > MOST_NAMES:
            found[name] = _sentence("too_many")
        elif strange := [one for one in named if one not in known]:
            found[name] = _("There are no such goods: %(names)s.") % {"names": _few(strange)}


def _check_people(wish: "Wish", found: dict[str, str]) -> None:
    codes = {view.code for view in current().channels.values()}
    if strange := [code for code in wish.channels if code not in codes]:
        found["channels"] = _("There is no such channel: %(names)s.") % {"names": _few(strange)}
    if wish.minimum_level and not _is_level(wish.minimum_level):
        found["minimum_level"] = _sentence("level")


def _is_level(rank: int) -> bool:
    return MemberLevel.objects.filter(rank=rank, is_active=True).exists()


def _check_stack(wish: "Wish", row: Promotion | None, found: dict[str, str]) -> None:
    if wish.stack not in Stack.values:
        found["stack"] = _sentence("stack")
    if wish.trigger not in Trigger.values:
        found["trigger"] = _sentence("trigger")
    if (wish.kind == Kind.GIFT_WITH) != (wish.stack == Stack.GIFT):
        found["stack"] = _sentence("gift_stack")
    if wish.trigger != Trigger.CODE:
        return
    code = wish.code.strip().upper()
    if not code:
        found["code"] = _sentence("code")
        return
    others = Promotion.objects.filter(code__iexact=code)
    other = others.exclude(pk=row.pk).first() if row else others.first()
    if other is not None:
        found["code"] = _("“%(name)s” has this code already.") % {"name": other.name}


def _check_used(wish: "Wish", row: Promotion, found: dict[str, str]) -> None:
    """A limit is not lowered under what is used: it would be a promise that was broken already."""
    for name, used in taken_of(row.public_id).items():
        limit = getattr(wish, name)
        # A subsidy of nothing gives nothing more; any other limit may be lifted altogether.
        if limit is None or limit >= used:
            continue
        found[name] = _("%(used)s are used already; the limit cannot be lower.") % {
            "used": f"{used / 100:.2f}" if name.endswith("_minor") else used
        }


def taken_of(promotion: str) -> dict[str, int]:
    """What orders have taken of a promotion's budgets: uses, or minor units; of people, the most."""
    columns = {
        "uses": "most_uses",
        "money": "most_minor",
        "subsidy": "subsidy_minor",
        "by": "most_per_person",
    }
    taken: dict[str, int] = {}
    rows = LimitCount.objects.filter(
        key__startswith=f"promo:{promotion}:", used__gt=0, expires_at__isnull=True
    )
    for key, used in rows.values_list("key", "used"):
        if name := columns.get(key.split(":")[2]):
            taken[name] = max(used, taken.get(name, 0))
    return taken


def known_names() -> set[str]:
    """Everything goods can be named by."""
    snap = current()
    return {
        *(f"sku:{sku.code}" for sku in snap.skus.values()),
        *(f"product:{product.slug}" for product in snap.products.values()),
        *(f"category:{row.slug}" for row in snap.categories.values()),
        *(f"brand:{row.slug}" for row in snap.brands.values()),
        *(f"tag:{row.slug}" for row in snap.tags.values()),
    }


def _few(names: Iterable[Any]) -> str:
    return ", ".join(sorted(map(str, names))[:10])


def _sentence(key: str) -> str:
    return {
        "name": _("Give it a name that a buyer understands."),
        "unknown_kind": _("Choose what kind of promotion it is."),
        "not_a_number": _("Write a number here."),
        "out_of_range": _("This number is too small or too large."),
        "steps": _("Write each step as a sum and what is taken off from it on, each sum once."),
        "sku": _("Choose a good that is in the catalogue."),
        "too_many": _("Name fewer goods; a category or a tag names many at once."),
        "level": _("There is no such member level."),
        "dates": _("The end lies before the start."),
        "stack": _("Choose its place among the others."),
        "gift_stack": _("Gifts stand in the gifts' place, and nothing else does."),
        "trigger": _("Choose how it applies."),
        "code": _("Write the code that buyers type."),
        "not_editable": _("Pause it first: what buyers are promised now does not change."),
    }.get(key, key)
