"""The demo's home page and a campaign, block by block; an operator moves them about in the back office."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from catalog import snapshot
from catalog.models import HOME, Channel, Page, PageBlock
from catalog.states import PageState
from core.tx import step


def _shelf(title: str, title_en: str, slug: str) -> tuple[str, str, str, dict[str, Any]]:
    return "rail", title, title_en, {"source": "category", "slug": slug, "limit": 4}


def _picked(title: str, title_en: str, *products: str) -> tuple[str, str, str, dict[str, Any]]:
    return "rail", title, title_en, {"source": "handpicked", "products": list(products)}


# kind, title, title in English, settings
BLOCKS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    (
        "hero", "会员、卡券、话费，付款即到账", "Memberships, cards and credit, yours once paid",
        {
            "text": "影视音乐、商超购物、餐饮出行的权益都在这里。卡密加密保存，充值失败自动退款，"
            "买过的随时在卡包里找到。",
            "text_en": "Video and music, store cards, food and rides in one place. Codes are kept encrypted, "
            "a failed top-up is paid back by itself, and what you bought stays in your wallet.",
            "skus": ["JD-E-100", "IQY-GOLD-M", "BILI-VIP-Y"],
        },
    ),
    ("categories", "", "", {}),
    ("rail", "大家都在买", "Popular now", {"source": "hot", "limit": 8}),
    ("flash", "限时秒杀", "Flash sales", {"limit": 4}),
    (
        "cards", "更多省钱办法", "More ways to save",
        {
            "title_1": "拼团", "title_1_en": "Buy together", "link_1": "/groups/", "hue_1": 25,
            "title_2": "连续订阅", "title_2_en": "Subscribe", "link_2": "/plans/", "hue_2": 255,
            "title_3": "幸运抽奖", "title_3_en": "Prize draws", "link_3": "/lottery/", "hue_3": 300,
            "title_4": "积分商城", "title_4_en": "Points mall", "link_4": "/points/mall/", "hue_4": 160,
        },
    ),
    ("coupons", "先领券再下单", "Take a coupon first", {"limit": 4}),
    _shelf("组合更划算", "Cheaper together", "bundles"),
    (
        "banner", "周末好时光", "A good weekend",
        {
            "text": "看剧、出门、吃顿好的，都在这一页。",
            "text_en": "To watch, to ride, to eat: all on one page.",
            "link": "/page/weekend/", "hue": 285,
        },
    ),
    _shelf("影视会员", "Video", "video"),
    _picked(
        "新品上架", "New here",
        "bilibili-premium", "honor-of-kings-tokens", "weread-unlimited-card", "quark-svip",
    ),
    _shelf("商超购物卡", "Store cards", "store-cards"),
    (
        "banner", "话费流量，三网直充", "Phone credit for all three carriers",
        {
            "text": "填好号码就能充，运营商自动识别；没有到账的，钱原路退回。",
            "text_en": "Enter the number, we know the carrier. What does not arrive is paid back.",
            "link": "/c/phone-credit/", "hue": 160,
        },
    ),
    _picked(
        "话费与加油", "Phone and fuel",
        "china-mobile-credit", "china-unicom-credit", "china-telecom-credit", "sinopec-fuel-card",
    ),
    _shelf("游戏充值", "Games", "games"),
    _picked(
        "出行与外卖", "Rides and meals",
        "didi-ride-pack", "hello-bike-pass", "meituan-delivery-pass", "eleme-foodie-card",
    ),
    _picked(
        "听书与阅读", "Listening and reading",
        "qq-music-green-diamond", "netease-music-vinyl-vip", "ximalaya-vip", "zhihu-salt-select",
    ),
)  # fmt: skip


# A campaign, linked from the home page: address, what it is, its blocks. It runs for a month.
CAMPAIGN: dict[str, Any] = {
    "slug": "weekend", "title": "周末好时光", "title_en": "A good weekend", "hue": 285,
    "description": "看剧、听书、出门、吃顿好的，周末要用的权益都在这一页。",
    "description_en": "Something to watch, to hear, to ride and to eat: what a weekend needs, on one page.",
}  # fmt: skip
CAMPAIGN_BLOCKS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    (
        "countdown", "限时一个月", "For one month",
        {
            "text": "到点即止，以商城时间为准。", "text_en": "Until then, by the shop's clock.",
            "after": "活动已经结束，商品照常在售。",
            "after_en": "The campaign is over; the goods are on sale as ever.",
        },
    ),
    (
        "cards", "", "",
        {
            "title_1": "在家看剧", "title_1_en": "Stay in", "link_1": "/c/video/", "hue_1": 255,
            "title_2": "出门走走", "title_2_en": "Go out", "link_2": "/c/travel-ride/", "hue_2": 160,
            "title_3": "吃顿好的", "title_3_en": "Eat well", "link_3": "/c/food-drink/", "hue_3": 25,
            "title_4": "打两局", "title_4_en": "Play", "link_4": "/c/games/", "hue_4": 300,
        },
    ),
    ("rail", "窝在家里", "For the sofa", {"source": "category", "slug": "video", "limit": 4}),
    ("coupons", "先领券再下单", "Take a coupon first", {"limit": 4}),
    ("flash", "限时抢购", "Flash sale", {"limit": 4}),
    ("rail", "大家都在买", "Popular now", {"source": "hot", "limit": 4}),
    (
        "text", "活动说明", "How it works",
        {
            "html": "<ul><li>每件商品的价格以下单时为准。</li><li>没有到账的，钱按原路退回。</li></ul>",
            "html_en": "<ul><li>The price is the one shown when you order.</li>"
            "<li>What does not arrive is paid back.</li></ul>",
        },
    ),
    ("viewed", "您最近看过", "You looked at", {"limit": 4}),
)  # fmt: skip
CAMPAIGN_LASTS = timedelta(days=30)


@step()
def lay_out(*, now: datetime) -> bool:
    """Lay out the default channel's home page and a campaign, unless it has blocks already."""
    channel = Channel.objects.get(is_default=True)
    if PageBlock.objects.filter(page__channel=channel).exists():
        return False
    home, _ = Page.objects.get_or_create(
        channel=channel, slug=HOME,
        defaults={"title": "首页", "title_en": "Home", "state": PageState.LIVE},
    )  # fmt: skip
    _put(home, BLOCKS)
    until = (now + CAMPAIGN_LASTS).isoformat()
    campaign = Page.objects.create(channel=channel, state=PageState.LIVE, **CAMPAIGN)
    _put(
        campaign,
        [
            (kind, title, title_en, {**params, "until": until} if kind == "countdown" else params)
            for kind, title, title_en, params in CAMPAIGN_BLOCKS
        ],
    )
    snapshot.changed()
    return True


def _put(page: Page, blocks: Iterable[tuple[str, str, str, dict[str, Any]]]) -> None:
    for position, (kind, title, title_en, params) in enumerate(blocks):
        PageBlock.objects.create(
            page=page, kind=kind, position=position, title=title, title_en=title_en, params=params
        )
