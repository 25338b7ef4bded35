"""From a supplier's row to its adapter and an open connection. Nothing is sent here."""

import json
from dataclasses import dataclass, field

from django.conf import settings
from django.urls import reverse

from core.crypto import CannotUnseal, unseal
from fulfillment.models import Attempt, Supplier
from fulfillment.suppliers.base import Adapter, Connection, Purchase
from fulfillment.suppliers.registry import NoSuchDialect, adapter_for


class NotReady(Exception):
    """The supplier cannot be called as it is set up; ``reason`` is a key. Nothing was sent."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Link:
    """An adapter with the connection it speaks through."""

    adapter: Adapter
    connection: Connection = field(repr=False)


def connect_supplier(supplier: Supplier) -> Link:
    """Open the sealed keys of ``supplier``; raises ``NotReady`` when something is missing."""
    try:
        adapter = adapter_for(supplier.dialect)
    except NoSuchDialect:
        raise NotReady("no_dialect") from None
    keys = supplier_keys(supplier)
    if not supplier.base_url or supplier.key_id not in keys:
        raise NotReady("no_credentials")
    callback = settings.SITE_URL + reverse("fulfillment:supplier_callback", args=[supplier.code])
    return Link(
        adapter,
        Connection(
            code=supplier.code,
            base_url=supplier.base_url,
            key_id=supplier.key_id,
            keys=keys,
            callback_url=callback,
            options=supplier.options,
        ),
    )


def supplier_keys(supplier: Supplier) -> dict[str, str]:
    """All keys that are valid now, by id; empty without any. Raises ``NotReady`` if unreadable."""
    if not supplier.credentials:
        return {}
    try:
        text = unseal(supplier.credentials, context=credentials_context(supplier.code)).reveal()
    except CannotUnseal:
        raise NotReady("sealed_credentials") from None
    return dict(json.loads(text))


def credentials_context(code: str) -> str:
    """Where a supplier's keys are sealed to."""
    return f"fulfillment_supplier:credentials:{code}"


def purchase_of(attempt: Attempt) -> Purchase:
    """The attempt as its supplier is told; opens the buyer's inputs. Raises ``NotReady``.

    The field called ``account``, else the first one, is the account; the others go along.
    """
    delivery = attempt.delivery
    target: dict[str, str] = {}
    if delivery.target:
        context = f"fulfillment_delivery:target:{delivery.public_id}"
        try:
            target = dict(json.loads(unseal(delivery.target, context=context).reveal()))
        except CannotUnseal:
            raise NotReady("sealed_target") from None
    account = str(target.pop("account", "") or (target.pop(next(iter(target))) if target else ""))
    return Purchase(
        merchant_no=attempt.number,
        supplier_sku=attempt.supplier_sku,
        kind="direct" if account else "card",
        max_cost_minor=attempt.max_cost_minor,
        currency=attempt.currency,
        quantity=1,
        account=account,
        extra={key: str(value) for key, value in target.items()},
    )
