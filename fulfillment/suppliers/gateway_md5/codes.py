"""Every word of dialect A that may move a purchase on. What is not here is UNKNOWN (R-SUP-1)."""

from fulfillment.suppliers.base import Verdict

#: ``order_state`` of a verified answer. Only ``success`` and ``failed`` are final.
STATES: dict[str, Verdict] = {
    "untreated": Verdict.ACCEPTED,
    "processing": Verdict.ACCEPTED,
    "success": Verdict.SUCCEEDED,
    "failed": Verdict.FAILED,
}

#: ``code`` of a verified answer to a purchase: nothing was bought. A connection may add its own
#: (option ``refusals``). 3006, the number was used before, is absent on purpose: an order exists.
REFUSALS: dict[str, str] = {
    "2001": "BAD_REQUEST",
    "3001": "UNKNOWN_PRODUCT",
    "3002": "PRODUCT_OFF",
    "3003": "OUT_OF_STOCK",
    "3004": "QUANTITY_ABOVE_LIMIT",
    "3005": "BAD_ACCOUNT",
    "3008": "INSUFFICIENT_BALANCE",
}

#: The codes by which a look-up says "no such order" (option ``not_found``).
NOT_FOUND = ("4004",)
