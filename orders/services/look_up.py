"""A guest finds an order by number, contact and secret: all three, and few tries (O7, R-LIM)."""

import re
from dataclasses import dataclass, field
from datetime import datetime

from core import crypto
from orders.models import Order
from orders.models.private import open_private, secret_hash
from risk.models import Assessment
from risk.services.assess import assess
from risk.services.pardon import pardon
from risk.values import NotAValue, normal, value_index

ORDER_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{16}")
NOBODY = "ord_0000000000000000"
NO_HASH = bytes(32)


class TooOften(Exception):
    """Too many tries for this order from this address, or from this address at all."""

    def __init__(self, assessment: Assessment) -> None:
        super().__init__(assessment.reason)
        self.assessment = assessment


@dataclass(frozen=True, slots=True)
class Found:
    """An order and the token that opens it."""

    order: str
    token: str = field(repr=False)


def look_up(*, number: str, contact: str, secret: str, ip: str, now: datetime) -> Found | None:
    """Find an order by what its buyer knows; None when anything does not fit.

    Wrong number, contact and secret take the same work and give the same answer. Tries are
    counted in PostgreSQL by order and address (5 in 15 minutes) and by address (20 an hour), so
    nobody can lock a buyer out from elsewhere. Raises TooOften.
    """
    public_id = read_number(number)
    index = _contact_index(contact)
    facts = {"ip": ip, "target": public_id}
    # The subject is the order that was asked for, whether or not there is one.
    assessment = assess(point="lookup", subject=public_id, facts=facts, now=now)
    if assessment.stops:
        raise TooOften(assessment)
    order = Order.objects.filter(public_id=public_id).first()
    known_index = bytes(order.contact_index) if order else NO_HASH
    known_secret = bytes(order.secret_hash) if order else NO_HASH
    fits = crypto.same(index, known_index)
    fits &= crypto.same(secret_hash(public_id, secret), known_secret)
    if order is None or not fits:
        return None
    pardon(point="lookup", facts=facts, now=now)
    return Found(public_id, open_private(public_id, order.private_sealed).token)


def read_number(text: str) -> str:
    """The public id a person meant: with or without prefix, spaces, dashes, any case."""
    plain = "".join(ch for ch in text.strip().upper() if ch.isalnum())[:32].removeprefix("ORD")
    plain = plain.replace("O", "0").replace("I", "1").replace("L", "1")
    return f"ord_{plain}" if ORDER_ID.fullmatch(plain) else NOBODY


def _contact_index(text: str) -> bytes:
    kind = "mail" if "@" in text else "phone"
    try:
        return value_index(kind, normal(kind, text))
    except NotAValue:
        return value_index(kind, "nobody")
