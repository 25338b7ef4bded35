"""The demo's member levels, member day and level prices; and a shopper who has come some way."""

from datetime import datetime, timedelta

from accounts.models import MemberDay, MemberLevel, User
from accounts.services.count_growth import count_growth
from accounts.services.save_level import save_level, save_member_day
from catalog.models import LevelPrice
from catalog.services.save_pricing import save_level_price
from core.tx import step
from demo.people import SHOPPERS, find

BY = "system:demo"
# Rank → names, growth, early access in hours, service queue, hue.
LEVELS: dict[int, tuple[str, str, int, int, str, int]] = {
    1: ("会员", "Member", 0, 0, "", 25),
    2: ("银卡", "Silver", 500, 0, "", 210),
    3: ("金卡", "Gold", 2000, 12, "gold", 45),
    4: ("黑金", "Black", 8000, 24, "black", 280),
}
# Rank → share of the price in basis points; to ten cents, downward.
SHARES = {2: 9900, 3: 9800, 4: 9700}
SPENT_MINOR = 68_800
SPENT_DAYS_AGO = 40


@step()
def give_levels(*, now: datetime) -> int:
    """Make what is missing; returns how many levels were."""
    made = 0
    for rank, (name, name_en, growth, early, queue, hue) in LEVELS.items():
        if MemberLevel.objects.filter(rank=rank).exists():
            continue
        row = MemberLevel(
            rank=rank, name=name, name_en=name_en, growth_needed=growth, early_hours=early,
            service_queue=queue, hue=hue,
        )  # fmt: skip
        save_level(level=row, changed={"rank": rank}, now=now, by=BY)
        if rank in SHARES:
            price = LevelPrice(level=row, share_bp=SHARES[rank], step_minor=10, rounding="down")
            save_level_price(row=price, changed={"share_bp": SHARES[rank]}, now=now, acting=BY)
        made += 1
    if not MemberDay.objects.exists():
        day = MemberDay(name="周三会员日", name_en="Member Wednesday", weekday=3, growth_bp=20_000)
        save_member_day(day=day, changed={"weekday": 3}, now=now, by=BY)
    shopper = find(SHOPPERS[0])
    if shopper is not None:
        _remember(shopper, now)
    return made


def _remember(shopper: User, now: datetime) -> None:
    """What the first shopper spent before this shop was set up; counted once."""
    then = now - timedelta(days=SPENT_DAYS_AGO)
    count_growth(
        user_id=shopper.pk, key="demo:before", reference="", kept_minor=SPENT_MINOR, bought_at=then,
        now=now, by=BY,
    )  # fmt: skip
