"""A promotion once more, as a draft without dates."""

from datetime import datetime

from django.utils.translation import gettext as _

from orders.models import Promotion
from orders.models.promotion import Trigger
from orders.services.promotions.save_promotion import Wish, save_promotion

LONGEST_NAME = 80
LONGEST_CODE = 32
MOST_TRIES = 100


def copy_promotion(*, promotion: str, by: str, now: datetime) -> Promotion:
    """Make a draft with the same terms, goods and limits; returns it.

    Dates are left open, a code gets a number behind it, and a subsidy must be agreed to anew.
    Raises PromotionRefused, Promotion.DoesNotExist.
    """
    row = Promotion.objects.get(public_id=promotion)
    told = {name: getattr(row, name) for name in Wish.__dataclass_fields__}
    told["name"] = _("%(name)s, once more")[:LONGEST_NAME] % {"name": row.name[: LONGEST_NAME - 20]}
    told["starts_at"] = told["ends_at"] = None
    if row.trigger == Trigger.CODE:
        told["code"] = _free_code(row.code)
    return save_promotion(wish=Wish(**told), by=by, now=now)


def _free_code(code: str) -> str:
    taken = {one.upper() for one in Promotion.objects.exclude(code="").values_list("code", flat=True)}  # fmt: skip
    tries = (f"{code[: LONGEST_CODE - 3].upper()}{n}" for n in range(2, MOST_TRIES))
    return next((one for one in tries if one not in taken), "")
