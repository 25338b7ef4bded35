"""What localpay says in its own words. Data."""

import re

from orders.payments.mandates import Agreement, Failure
from orders.payments.standing import Standing

AMOUNT = re.compile(r"[0-9]{1,12}")
NUMBER = re.compile(r"[0-9A-Z]{1,32}")
# Answers about a payment that are listed as definite; anything else is unknown.
PAYMENT_STATUS = {
    "WAITING": Standing.WAITING,
    "SUCCESS": Standing.SUCCEEDED,
    "CLOSED": Standing.CLOSED,
}
MANDATE_STATUS = {
    "PENDING": Agreement.PENDING,
    "SIGNED": Agreement.SIGNED,
    "REFUSED": Agreement.REFUSED,
    "ENDED": Agreement.ENDED,
}
CHARGE_REFUSED = {
    "INSUFFICIENT_FUNDS": Failure.FUNDS,
    "LIMIT_EXCEEDED": Failure.LIMIT,
    "MANDATE_ENDED": Failure.MANDATE,
    "MANDATE_NOT_SIGNED": Failure.MANDATE,
    "MANDATE_NOT_EXIST": Failure.MANDATE,
    "PAYMENT_CLOSED": Failure.CLOSED,
    "CURRENCY_MISMATCH": Failure.OTHER,
}
