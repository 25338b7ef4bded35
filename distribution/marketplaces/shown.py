"""An order and a good as an outside channel sees them. Pure."""

from collections.abc import Sequence
from typing import Any

from catalog.offers import Offer
from core.money import decimal_text
from distribution.marketplaces.words import STATUS
from distribution.models import MarketOrder
from distribution.states import FINAL
from fulfillment.suppliers.form_md5.signing import stamp
from fulfillment.units import RevealedCode

CARD, TOPUP = "2", "1"


def shown_order(
    row: MarketOrder, *, account: str, cards: Sequence[RevealedCode] = ()
) -> dict[str, Any]:
    """The order's data. What was not delivered is not charged: `price` is what stands charged."""
    return {
        "orderNo": row.number,
        "platformNo": row.public_id,
        "goodsId": row.goods,
        "account": account,
        "num": row.quantity,
        "successNum": row.delivered,
        "price": decimal_text(row.total_minor - row.credited_minor, row.currency),
        "orderStatus": STATUS[row.state],
        "failCode": row.refusal,
        "finishTime": stamp(row.state_at) if row.state in FINAL else "",
        "cards": [_card(card) for card in cards],
    }


def _card(card: RevealedCode) -> dict[str, str]:
    last = card.expires_on.strftime("%Y%m%d") if card.expires_on else ""
    return {"cardNo": card.number, "cardPass": card.secret, "expireDate": last}


def shown_good(offer: Offer, *, stock: int, charset: str) -> dict[str, Any]:
    """A good with the channel's price. What the charset does not have becomes a question mark."""
    name = f"{offer.product_title} {offer.sku_title}".strip()[:100]
    face = offer.face_minor
    return {
        "goodsId": offer.sku_code,
        "goodsName": name.encode(charset, "replace").decode(charset),
        "goodsType": TOPUP if offer.inputs else CARD,
        "faceValue": None if face is None else decimal_text(face, offer.currency),
        "price": decimal_text(offer.unit_minor, offer.currency),
        "stock": stock,
        "status": "1" if offer.state_ok else "0",
    }
