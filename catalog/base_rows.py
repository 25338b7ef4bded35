"""What every shop starts with: one channel, one price list, the product types, tags. Plain data."""

from typing import Any

from core.ids import new_id

CHANNEL = {"code": "main", "name": "权益商城", "name_en": "Quanyi"}
PRICE_LIST = {"code": "base", "name": "标准价", "currency": "CNY"}
TAGS = (("hot", "热门", "Hot", 10), ("new", "新品", "New", 20))

PHONE = (
    "phone",
    "充值手机号",
    "Mobile number to top up",
    "11 位大陆手机号",
    "11 digits, mainland China",
    "phone",
)
QQ = ("qq", "QQ 号", "QQ number", "", "", "qq")
MAIL = ("mail", "邮箱", "Mail address", "", "", "mail")
UID = (
    "game_uid",
    "游戏 UID",
    "Game UID",
    "在游戏右下角或个人主页查看",
    "Shown in the corner of the game",
    "game_uid",
)

GENSHIN_SERVERS = [
    {"value": "cn_gf01", "label": "天空岛（官服）", "label_en": "Celestia (official)"},
    {"value": "cn_qd01", "label": "世界树（渠道服）", "label_en": "Irminsul (partner)"},
]
HONOR_ZONES = [
    {"value": "android_qq", "label": "安卓 QQ 区", "label_en": "Android, QQ"},
    {"value": "android_wx", "label": "安卓微信区", "label_en": "Android, WeChat"},
    {"value": "ios_qq", "label": "苹果 QQ 区", "label_en": "iOS, QQ"},
    {"value": "ios_wx", "label": "苹果微信区", "label_en": "iOS, WeChat"},
]


def _phone(carrier: str) -> tuple[tuple[str, ...], dict[str, Any]]:
    return PHONE, {"carriers": [carrier]}


def _server(options: list[dict[str, str]]) -> tuple[tuple[str, ...], dict[str, Any]]:
    return ("game_server", "服务器", "Server", "", "", "game_server"), {"options": options}


# code → name, name in English, delivery kind, stock mode, refund policy, input fields.
TYPES: dict[str, tuple[str, str, str, str, str, list[tuple[tuple[str, ...], dict[str, Any]]]]] = {
    "code": ("卡密", "Card code", "pool", "pool", "unrevealed", []),
    "voucher": ("兑换券", "Voucher", "voucher", "voucher", "unused", []),
    "bundle": ("权益组合", "Bundle", "bundle", "parts", "undelivered", []),
    "topup-phone": ("手机号直充", "Top-up by phone", "topup", "supplier", "undelivered", [(PHONE, {})]),
    "topup-phone-cmcc": (
        "中国移动话费", "China Mobile credit", "topup", "supplier", "undelivered", [_phone("cmcc")],
    ),
    "topup-phone-cucc": (
        "中国联通话费", "China Unicom credit", "topup", "supplier", "undelivered", [_phone("cucc")],
    ),
    "topup-phone-ctcc": (
        "中国电信话费", "China Telecom credit", "topup", "supplier", "undelivered", [_phone("ctcc")],
    ),
    "topup-qq": ("QQ 直充", "Top-up by QQ", "topup", "supplier", "undelivered", [(QQ, {})]),
    "topup-mail": ("邮箱直充", "Top-up by mail", "topup", "supplier", "undelivered", [(MAIL, {})]),
    "topup-game-uid-game-server": (
        "游戏直充（UID 与服务器）", "Game top-up by UID and server", "topup", "supplier", "undelivered",
        [(UID, {"min": 9, "max": 10}), _server(GENSHIN_SERVERS)],
    ),
    "topup-qq-game-server": (
        "游戏直充（QQ 与区服）", "Game top-up by QQ and zone", "topup", "supplier", "undelivered",
        [(QQ, {}), _server(HONOR_ZONES)],
    ),
    "topup-fuel-card": (
        "加油卡充值", "Fuel card top-up", "topup", "supplier", "undelivered",
        [(
            ("fuel_card", "加油卡号", "Fuel card number", "中石化卡号 19 位，以 100011 开头",
             "Sinopec: 19 digits, starting with 100011", "fuel_card"),
            {"company": "sinopec"},
        )],
    ),
}  # fmt: skip

HOME_PAGE = {"title": "首页", "title_en": "Home"}
# A plain home page: kind, title, title in English, settings. Operators make it theirs.
BLOCKS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("categories", "", "", {}),
    ("rail", "大家都在买", "Popular now", {"source": "hot", "limit": 8}),
    ("rail", "新品上架", "New here", {"source": "new", "limit": 4}),
)


def write(model: Any) -> None:
    """Write what is missing; `model(name)` gives a model class, today's or a migration's."""
    price_list, _ = model("PriceList").objects.get_or_create(
        code=PRICE_LIST["code"], defaults=PRICE_LIST
    )
    if not model("Channel").objects.filter(is_default=True).exists():
        model("Channel").objects.create(
            **_with_id(CHANNEL, "chn"), price_list=price_list, is_default=True
        )
    for slug, name, name_en, position in TAGS:
        model("Tag").objects.get_or_create(
            slug=slug, defaults={"name": name, "name_en": name_en, "position": position}
        )
    for code, row in TYPES.items():
        _write_type(model, code, *row)


def _write_type(
    model: Any,
    code: str,
    name: str,
    name_en: str,
    kind: str,
    stock: str,
    refund: str,
    fields: list[tuple[tuple[str, ...], dict[str, Any]]],
) -> None:
    made, is_new = model("ProductType").objects.get_or_create(
        code=code,
        defaults={
            "name": name,
            "name_en": name_en,
            "delivery_kind": kind,
            "stock_mode": stock,
            "refund_policy": refund,
        },
    )
    if not is_new:
        return  # An operator may have changed its fields; they are not put back.
    for position, ((key, label, label_en, hint, hint_en, validator), params) in enumerate(fields):
        model("InputField").objects.create(
            product_type=made,
            key=key,
            label=label,
            label_en=label_en,
            hint=hint,
            hint_en=hint_en,
            validator=validator,
            params=params,
            position=position,
        )


def write_blocks(model: Any, channel: Any) -> None:
    """Lay out the home page of a channel that has no block at all."""
    page, _ = model("Page").objects.get_or_create(
        channel=channel, slug="home", defaults=_with_id({**HOME_PAGE, "state": "live"}, "pag")
    )
    if model("PageBlock").objects.filter(page__channel=channel).exists():
        return
    for position, (kind, title, title_en, params) in enumerate(BLOCKS):
        model("PageBlock").objects.create(
            **_with_id({}, "blk"),
            page=page,
            kind=kind,
            position=position * 10,
            title=title,
            title_en=title_en,
            params=params,
        )


def _with_id(row: dict[str, Any], prefix: str) -> dict[str, Any]:
    """A migration's models do not carry the default of the public id."""
    return {"public_id": new_id(prefix), **row}
