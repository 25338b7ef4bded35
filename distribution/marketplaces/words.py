"""Every word of dialect B that we say to an outside channel (docs/protocols/supplier_b.md)."""

from distribution.states import MarketOrderState

DONE = "100"
OUT_OF_STOCK = "201"
PRODUCT_OFF = "202"
UNKNOWN_PRODUCT = "203"
BAD_ACCOUNT = "204"
CREDIT_USED_UP = "205"
PRICE_ABOVE_LIMIT = "206"
QUANTITY = "207"
BAD_REQUEST = "208"
UNKNOWN_KEY = "300"
BAD_SIGNATURE = "301"
STALE = "302"
NUMBER_USED = "310"
NOT_FOUND = "404"
#: In no table of the dialect: whoever hears it must ask what became of the order.
TROUBLE = "500"

#: Sentences beside the codes; their characters are in GBK too.
SAID = {
    DONE: "成功",
    OUT_OF_STOCK: "库存不足",
    PRODUCT_OFF: "商品已下架",
    UNKNOWN_PRODUCT: "商品不存在",
    BAD_ACCOUNT: "充值账号有误",
    CREDIT_USED_UP: "账户额度不足",
    PRICE_ABOVE_LIMIT: "价格高于限价",
    QUANTITY: "数量超出限制",
    BAD_REQUEST: "请求无法识别",
    UNKNOWN_KEY: "商户不存在或已停用",
    BAD_SIGNATURE: "签名错误",
    STALE: "时间戳过期或请求重复",
    NUMBER_USED: "订单号已被使用",
    NOT_FOUND: "订单不存在",
    TROUBLE: "系统繁忙，请查询订单",
}

#: The three-state answer.
ENDED, UNDER_WAY, GIVEN_BACK = "0", "1", "2"
STATUS: dict[str, str] = {
    MarketOrderState.RECEIVED: UNDER_WAY,
    MarketOrderState.ACCEPTED: UNDER_WAY,
    MarketOrderState.DONE: ENDED,
    MarketOrderState.FAILED: GIVEN_BACK,
    MarketOrderState.REFUSED: GIVEN_BACK,
}


class MarketRefused(Exception):
    """The call is answered with this `retCode`, and nothing has happened."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
