"""Exchange codes for tests: set up, agreed to, made and redeemed."""

from typing import Any

from core import approvals, clock
from core.crypto import ensure_data_key, unseal
from core.ids import new_token
from fulfillment.vouchers.codes import grouped
from orders.models import Exchange, ExchangeBatch
from orders.services.exchange.open_batch import make_codes, request_codes
from orders.services.exchange.redeem_code import Redeemer, redeem_code
from tests.factories.accounts import make_staff
from tests.factories.catalog import base


def make_batch(size: int = 3, **values: Any) -> ExchangeBatch:
    """A draft; of goods when a `sku` is given."""
    ensure_data_key()
    now = clock.now()
    defaults: dict[str, Any] = {
        "name": "兑换", "name_en": "Exchange", "channel": base(), "kind": "goods",
        "cost_minor": 50_000, "size": size, "state_at": now, "created_at": now, "by": "test",
    }  # fmt: skip
    return ExchangeBatch.objects.create(**{**defaults, **values})


def agreed(batch: ExchangeBatch) -> ExchangeBatch:
    """Two persons agree; the worker has not begun."""
    maker, checker = make_staff("operator"), make_staff("operator")
    asked = request_codes(batch=batch.public_id, by=maker.public_id, reason="test", now=clock.now())
    approvals.decide(approval_id=asked.public_id, by=checker.public_id, agree=True, now=clock.now())
    batch.refresh_from_db()
    return batch


def made(batch: ExchangeBatch) -> ExchangeBatch:
    """With all its codes, in force."""
    agreed(batch)
    make_codes(now=clock.now())
    batch.refresh_from_db()
    return batch


def texts(batch: ExchangeBatch) -> list[str]:
    """The codes as people read them."""
    rows = batch.codes.order_by("number")
    return [grouped(unseal(row.sealed, context=row.context).reveal()) for row in rows]


def redeemer(**changes: Any) -> Redeemer:
    values: dict[str, Any] = {
        "contact_kind": "mail", "contact": "guest@example.com", "form_token": new_token(),
        "language": "en", "ip": "198.51.100.7",
    }  # fmt: skip
    return Redeemer(**{**values, **changes})


def redeem(text: str, **changes: Any) -> Exchange:
    return redeem_code(text=text, by=redeemer(**changes), now=clock.now())
