"""Every word of dialect C that may move a purchase on. What is not here is UNKNOWN (R-SUP-1)."""

from fulfillment.suppliers.base import Verdict

#: ``order.state`` in a verified answer (protocol, section 2). SUBMITTED is not final.
STATES: dict[str, Verdict] = {
    "PENDING": Verdict.ACCEPTED,
    "SUBMITTED": Verdict.ACCEPTED,
    "COMPLETED": Verdict.SUCCEEDED,
    "REJECTED": Verdict.REJECTED,
    "FAILED": Verdict.FAILED,
    "REVERSED": Verdict.REVERSED,
}

#: HTTP status and ``error.code`` of a verified answer to a purchase, and our word: nothing was bought.
#: 401 is absent on purpose: "nothing by *this* request" does not speak of an earlier copy.
REFUSALS: dict[str, str] = {
    **{
        f"422 {code}": code
        for code in (
            "OUT_OF_STOCK",
            "PRODUCT_OFF",
            "UNKNOWN_PRODUCT",
            "BAD_ACCOUNT",
            "INSUFFICIENT_BALANCE",
            "PRICE_ABOVE_LIMIT",
            "QUANTITY_ABOVE_LIMIT",
        )
    },
    "400 BAD_REQUEST": "BAD_REQUEST",
    "413 TOO_LARGE": "TOO_LARGE",
}

#: By which a look-up says: no such order.
NOT_FOUND: dict[str, str] = {"404 ORDER_NOT_FOUND": "ORDER_NOT_FOUND"}
