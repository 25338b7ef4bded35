"""The demo's home page, block by block; an operator moves them about in the back office."""

from typing import Any

from catalog import snapshot
from catalog.models import Channel, PageBlock
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
    _shelf("组合更划算", "Cheaper together", "bundles"),
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


@step()
def lay_out() -> bool:
    """Lay out the home page of the default channel, unless it has blocks already."""
    channel = Channel.objects.get(is_default=True)
    if PageBlock.objects.filter(channel=channel).exists():
        return False
    for position, (kind, title, title_en, params) in enumerate(BLOCKS):
        PageBlock.objects.create(
            channel=channel, page="home", kind=kind, position=position * 10,
            title=title, title_en=title_en, params=params,
        )  # fmt: skip
    snapshot.changed()
    return True
