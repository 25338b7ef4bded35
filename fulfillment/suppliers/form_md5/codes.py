"""Every word of dialect B that may move a purchase on. What is not here is UNKNOWN (R-SUP-1)."""

from fulfillment.suppliers.base import Verdict

#: ``retCode`` of an answer that was understood; the order's own state is in the data.
DONE = "100"

#: The three-state answer: ``orderStatus`` in the data of a verified answer.
STATES: dict[str, Verdict] = {
    "0": Verdict.SUCCEEDED,
    "1": Verdict.ACCEPTED,
    "2": Verdict.FAILED,
}

#: ``retCode`` of a verified answer to a purchase: nothing was bought. A connection may add its own
#: (option ``refusals``). 310, the number was used before, is absent on purpose: an order exists.
REFUSALS: dict[str, str] = {
    "201": "OUT_OF_STOCK",
    "202": "PRODUCT_OFF",
    "203": "UNKNOWN_PRODUCT",
    "204": "BAD_ACCOUNT",
    "205": "INSUFFICIENT_BALANCE",
    "206": "PRICE_ABOVE_LIMIT",
    "207": "QUANTITY_ABOVE_LIMIT",
    "208": "BAD_REQUEST",
}
NOT_FOUND = ("404",)

#: ``coopOrderStatus`` of the marketplace's XML reply. ORDER_FAILED and REQUEST_FAILED are absent:
#: a gateway is known to answer ORDER_FAILED for "system error", so the code decides.
SPI_STATES: dict[str, Verdict] = {
    "SUCCESS": Verdict.SUCCEEDED,
    "UNDERWAY": Verdict.ACCEPTED,
    "FAILED": Verdict.FAILED,
    "CANCEL": Verdict.FAILED,
}
#: ``failedCode`` beside ORDER_FAILED: nothing was bought.
SPI_REFUSALS: dict[str, str] = {
    "0302": "BAD_ACCOUNT",
    "0303": "UNKNOWN_PRODUCT",
    "0304": "OUT_OF_STOCK",
    "0305": "PRODUCT_OFF",
    "0306": "INSUFFICIENT_BALANCE",
    "0307": "PRICE_ABOVE_LIMIT",
    "0308": "QUANTITY_ABOVE_LIMIT",
}
#: ``failedCode`` beside REQUEST_FAILED: no such order.
SPI_NOT_FOUND = ("0104",)
