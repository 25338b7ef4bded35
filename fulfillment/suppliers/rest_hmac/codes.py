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

#: (HTTP status, ``error.code``) of a verified answer to a purchase: nothing was bought.
#: 401 is absent on purpose: "nothing by *this* request" does not speak of an earlier copy.
REFUSALS: dict[tuple[int, str], Verdict] = {
    **{
        (422, code): Verdict.REJECTED
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
    (400, "BAD_REQUEST"): Verdict.REJECTED,
    (413, "TOO_LARGE"): Verdict.REJECTED,
}

#: The same for a look-up.
LOOKUP_ERRORS: dict[tuple[int, str], Verdict] = {
    (404, "ORDER_NOT_FOUND"): Verdict.NOT_FOUND,
}
