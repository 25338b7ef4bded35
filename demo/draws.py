"""The demo's prize draw and a batch of exchange codes, each agreed to by two persons."""

from collections.abc import Callable
from datetime import datetime, timedelta

from catalog.models import Channel, Sku
from catalog.queries import default_channel, offer
from core import approvals
from core.models import Approval
from core.tx import step
from demo.offers import BY, staff_of
from orders.models import ChanceRule, ChanceSource, ExchangeBatch, Lottery, Prize, Promotion
from orders.services.exchange.open_batch import CannotOpen as CannotMake
from orders.services.exchange.open_batch import request_codes
from orders.services.lotteries.open_lottery import CannotOpen, request_opening
from orders.states import BatchState, LotteryState

SLUG = "autumn-draw"
BATCH = "瑞幸联名兑换码"
DRINK, COUPON = "LK-LATTE", "听书券 2 元"
LASTS = timedelta(days=30)
CODES = 50


def open_draws(*, now: datetime) -> str:
    """Open them once; says how many of each run."""
    cost = _floor(now)
    if cost and not Lottery.objects.filter(slug=SLUG).exists():
        row = _lottery(now, cost)
        agree(lambda by: request_opening(lottery=row.public_id, by=by, reason="demo", now=now), now)
    if cost and not ExchangeBatch.objects.filter(name=BATCH).exists():
        batch = _batch(now, cost)
        agree(lambda by: request_codes(batch=batch.public_id, by=by, reason="demo", now=now), now)
    lotteries = Lottery.objects.filter(state=LotteryState.OPEN).count()
    batches = ExchangeBatch.objects.exclude(state=BatchState.DRAFT).count()
    return f"{lotteries} draw, {batches} batch of codes"


def _floor(now: datetime) -> int:
    """The least that the drink costs the shop, minor units; 0 while it is not sold."""
    found = offer(DRINK, default_channel(), now)
    return found.floor_minor if found else 0


@step()
def _lottery(now: datetime, cost: int) -> Lottery:
    row = Lottery.objects.create(
        slug=SLUG, name="秋日抽好礼", name_en="Autumn draw", channel=Channel.objects.get(is_default=True),
        rules="每天登录送一次机会，每笔满 50 元的已完成订单再送一次。奖品领取后进入卡包，券进入“我的优惠券”。",
        rules_en="One chance a day for who signs in, one more for each finished order from 50 yuan. "
        "Prizes go to the wallet, coupons to your coupons.",
        starts_at=now, ends_at=now + LASTS, draws_most=2000, budget_minor=20 * cost + 500 * 200,
        state_at=now, by=BY, created_at=now,
    )  # fmt: skip
    listening = Promotion.objects.filter(name=COUPON).first()
    prizes = [
        Prize(
            key="latte", name="生椰拿铁一杯", name_en="A coconut latte", kind="goods", odds=500,
            sku=Sku.objects.get(code=DRINK), stock=20, cost_minor=cost,
        ),
        Prize(
            key="listening", name="听书券 2 元", name_en="¥2 for listening", kind="coupon", odds=3500,
            ref=listening.public_id if listening else "", stock=500, cost_minor=200,
        ),
        Prize(key="thanks", name="谢谢参与", name_en="Thank you", odds=6000, fallback=True),
    ]  # fmt: skip
    for position, prize in enumerate(prizes):
        prize.lottery, prize.position = row, position
        prize.save()
    for source, minimum, word in (
        (ChanceSource.DAY, 0, ""), (ChanceSource.ORDER, 5000, ""), (ChanceSource.SHARE, 0, ""),
        (ChanceSource.CODE, 0, "AUTUMN"),
    ):  # fmt: skip
        ChanceRule.objects.create(lottery=row, source=source, minimum_minor=minimum, code=word)
    return row


@step()
def _batch(now: datetime, cost: int) -> ExchangeBatch:
    return ExchangeBatch.objects.create(
        name=BATCH, name_en="Luckin exchange codes", channel=Channel.objects.get(is_default=True),
        sku=Sku.objects.get(code=DRINK), cost_minor=cost, size=CODES, per_person=2,
        ends_at=now + LASTS, state_at=now, by=BY, created_at=now,
    )  # fmt: skip


def agree(ask: Callable[[str], Approval], now: datetime) -> None:
    """Two persons agree, as in any shop; without them it stays a draft."""
    maker, checker = staff_of("operator"), staff_of("owner")
    if maker is None or checker is None:
        return
    try:
        asked = ask(maker.public_id)
        approvals.decide(approval_id=asked.public_id, by=checker.public_id, agree=True, now=now)
    except (approvals.NotAllowed, CannotOpen, CannotMake):
        # This shop gives its roles to other people, or has changed its goods.
        return
