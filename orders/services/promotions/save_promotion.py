"""Write down what a promotion is to be, as a draft or while it is paused."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from core import audit, transitions
from core.tx import step
from orders.models import Promotion
from orders.models.promotion import Trigger
from orders.promotions.values import Group
from orders.queries import promotions
from orders.services.promotions.check_promotion import PromotionRefused, problems_of
from orders.states import PromotionState

SAVED = "promotion:saved"
EDITABLE = (PromotionState.DRAFT, PromotionState.PAUSED)

__all__ = ["EDITABLE", "SAVED", "PromotionRefused", "Wish", "save_promotion", "unsaved"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What an operator wants; the columns of `Promotion` with the same names and units."""

    name: str
    kind: str
    params: Mapping[str, Any]
    stack: int = Group.ITEM.value
    name_en: str = ""
    trigger: str = Trigger.AUTOMATIC.value
    code: str = ""
    goods: list[str] = field(default_factory=list)
    goods_left_out: list[str] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)
    minimum_level: int = 0
    members_only: bool = False
    first_order: bool = False
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    priority: int = 100
    alone: bool = False
    most_uses: int | None = None
    most_per_person: int | None = None
    most_minor: int | None = None
    subsidy_minor: int = 0
    currency: str = "CNY"


def unsaved(wish: Wish, *, public_id: str = "") -> Promotion:
    """The promotion as it would be stored; for a look at what it would do."""
    row = Promotion(**_columns(wish))
    if public_id:
        row.public_id = public_id
    return row


@step()
def save_promotion(
    *, wish: Wish, by: str, now: datetime, promotion: str | None = None
) -> Promotion:
    """Make a draft, or change the draft or paused promotion with that public id.

    Money is minor units of `wish.currency`, moments are aware. A subsidy counts again only once two
    persons have agreed to the terms as they are now. Raises PromotionRefused with sentences by
    field, in the active language. Source: M10.
    """
    row = _locked(promotion) if promotion else None
    found = problems_of(wish, row=row)
    if found:
        raise PromotionRefused(found)
    before = _plain(row) if row else None
    if row is None:
        row = unsaved(wish)
        row.state_at, row.created_at, row.created_by = now, now, by[:48]
        row.save(force_insert=True)
        transitions.begin(
            entity="promotion", subject=row.public_id, state=row.state, now=now, by=by
        )
    else:
        for name, value in _columns(wish).items():
            setattr(row, name, value)
        row.save(update_fields=list(_columns(wish)))
    audit.record(tag=SAVED, by=by, subject=row.public_id, before=before, after=_plain(row), now=now)
    promotions.changed()
    return row


def _locked(promotion: str) -> Promotion:
    row = Promotion.objects.select_for_update().get(public_id=promotion)
    if row.state not in EDITABLE:
        raise PromotionRefused.because("not_editable")
    return row


def _columns(wish: Wish) -> dict[str, Any]:
    columns = asdict(wish)
    columns["params"] = dict(wish.params)
    columns["code"] = wish.code.strip().upper() if wish.trigger == Trigger.CODE else ""
    return columns


def _plain(row: Promotion) -> dict[str, Any]:
    """What the audit keeps of it."""
    kept: dict[str, Any] = {}
    for name in Wish.__dataclass_fields__:
        value = getattr(row, name)
        kept[name] = value.isoformat() if isinstance(value, datetime) else value
    return kept
