"""The demo's promotions: one of every kind, named as a shop would, switched on like an operator does."""

from dataclasses import replace
from datetime import datetime, timedelta

from accounts.models import User
from core import approvals
from demo.people import STAFF, find
from orders.models import CouponCampaign, Promotion
from orders.models.coupon_campaign import Claiming
from orders.models.promotion import Stack, Trigger
from orders.services.promotions.change_promotion import change_promotion
from orders.services.promotions.promotion_subsidy import agreed, request_subsidy
from orders.services.promotions.save_promotion import Wish, save_promotion
from orders.states import PromotionState

BY = "system:demo"
RUNS = timedelta(days=45)
WISHES = (
    Wish(
        "追剧季满减", "amount_off", {"steps": [[10_000, 800], [20_000, 2000]]}, Stack.ORDER,
        name_en="Binge season", goods=["product:mango-tv-vip"], most_minor=2_000_000,
    ),
    Wish(
        "耳朵放假，会员 9 折", "percent_off", {"off_bp": 1000}, Stack.ITEM,
        name_en="Holiday for your ears", goods=["product:ximalaya-vip"], most_per_person=3,
    ),
    Wish(
        "云音乐开学特价", "special_price", {"unit_minor": 1080}, Stack.PRICE,
        name_en="Back to music", goods=["sku:NEM-VIP-M"], most_per_person=2,
    ),
    Wish(
        "再添一份更划算", "nth_unit", {"nth": 2, "off_bp": 2000, "times": 1}, Stack.ITEM,
        name_en="Second one for less", goods=["product:zhihu-salt-select"],
    ),
    Wish(
        "骑行三件套", "several_for", {"units": 3, "price_minor": 5200}, Stack.ITEM,
        name_en="Three months of cycling", goods=["sku:HELLO-M"],
    ),
    Wish(
        "办公年卡送一杯拿铁", "gift_with", {"sku_code": "LK-LATTE", "quantity": 1, "from_units": 1},
        Stack.GIFT, name_en="A latte with your office year", goods=["sku:WPS-SUP-Y"],
        most_uses=200, most_per_person=1, subsidy_minor=250_000,
    ),
    Wish(
        "新朋友立减 2 元", "amount_off", {"steps": [[2000, 200]]}, Stack.COUPON,
        name_en="¥2 off for new friends", trigger=Trigger.CODE, code="HELLO2",
        goods=["category:audio"], first_order=True,
    ),
    Wish(
        "听书券 2 元", "amount_off", {"steps": [[2000, 200]]}, Stack.COUPON,
        name_en="¥2 for listening", trigger=Trigger.COUPON, goods=["category:audio"],
        most_minor=500_000,
    ),
)  # fmt: skip
# The claim pages of those that apply with a coupon, by their names.
PAGES = {"听书券 2 元": "listening"}


def run_offers(*, now: datetime) -> str:
    """Set the promotions up where they are missing and switch them on; says how many are on."""
    for wish in WISHES:
        if not Promotion.objects.filter(name=wish.name).exists():
            _run(wish, now)
    for name, slug in PAGES.items():
        _let_claim(name, slug)
    return f"{Promotion.objects.filter(state=PromotionState.LIVE).count()} on"


def _run(wish: Wish, now: datetime) -> None:
    dated = replace(wish, starts_at=now, ends_at=now + RUNS)
    row = save_promotion(wish=dated, by=BY, now=now)
    if row.subsidy_minor:
        _agree(row, now)
        row.refresh_from_db()
        if not agreed(row):
            return
    change_promotion(
        promotion=row.public_id, to=PromotionState.LIVE.value, why="demo", by=BY, now=now
    )


def _let_claim(name: str, slug: str) -> None:
    """Whoever is signed in may claim one, good for a month."""
    row = Promotion.objects.filter(name=name, trigger=Trigger.COUPON).first()
    if row is not None and not CouponCampaign.objects.filter(promotion=row).exists():
        CouponCampaign.objects.create(
            promotion=row, slug=slug, claiming=Claiming.OPEN, most_claims=1000, valid_days=30
        )


def _agree(row: Promotion, now: datetime) -> None:
    """Two persons agree to its subsidy, as in any shop; without them it stays a draft."""
    maker, checker = (staff_of("operator"), staff_of("finance"))
    if maker is None or checker is None:
        return
    try:
        asked = request_subsidy(promotion=row.public_id, reason="demo", by=maker.public_id, now=now)
        approvals.decide(approval_id=asked.public_id, by=checker.public_id, agree=True, now=now)
    except approvals.NotAllowed:
        # This shop gives its roles to other people.
        return


def staff_of(role: str) -> User | None:
    """The demo's person of a role, if the shop has them."""
    return next((user for one in STAFF if one.role == role and (user := find(one))), None)
