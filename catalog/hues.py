"""Hues of well-known brands' card faces, by English name; others get one from their name."""

from hashlib import sha256

STEP = 5
HUES = {
    "iQIYI": 145, "Tencent Video": 250, "Youku": 230, "Mango TV": 45, "bilibili": 355,
    "QQ Music": 155, "NetEase Music": 25, "Ximalaya": 30, "Zhihu": 255, "Dedao": 50,
    "WeRead": 240, "Baidu Netdisk": 265, "WPS": 20, "Quark": 275, "JD.com": 25,
    "Tmall Supermarket": 15, "Walmart": 260, "Freshippo": 220, "Steam": 245, "Nintendo": 20,
    "NetEase": 20, "Shengqu": 35, "China Mobile": 235, "China Unicom": 30, "China Telecom": 250,
    "miHoYo": 285, "Tencent": 240, "Sinopec": 30, "Luckin Coffee": 260, "Starbucks": 160,
    "KFC": 20, "HEYTEA": 80, "Maoyan": 15, "Tuhu": 25, "DragonPass": 295, "Atour": 170,
    "Cloud Piano": 310, "Hello": 225, "DiDi": 55, "Meituan": 95, "Ele.me": 245,
}  # fmt: skip


def hue_for(name_en: str) -> int:
    """The hue of a brand, 0 to 355 in steps of five; the same name always gets the same."""
    known = HUES.get(name_en)
    if known is not None:
        return known
    return int.from_bytes(sha256(name_en.casefold().encode()).digest()[:2]) % (360 // STEP) * STEP
