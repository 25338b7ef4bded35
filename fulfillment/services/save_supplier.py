"""Set up a supplier: address, dialect, keys. Keys are sealed and never shown again."""

import json
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings

from core import audit
from core.crypto import seal
from core.tx import step
from fulfillment.models import Supplier
from fulfillment.services.connect_supplier import credentials_context, supplier_keys
from fulfillment.states import SupplierState
from fulfillment.suppliers.registry import adapter_for

#: Two keys may be valid at once while they are changed; the oldest beyond that is dropped.
KEYS_AT_ONCE = 2
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class BadSupplier(ValueError):
    """The set-up cannot work; the message says why."""


@step()
def save_supplier(
    *,
    code: str,
    name: str,
    dialect: str,
    base_url: str,
    key_id: str,
    secret: str,
    by: str,
    now: datetime,
) -> Supplier:
    """Create or change a supplier. An empty ``secret`` keeps the keys as they are.

    A new key becomes the one that signs; the one before it stays valid for answers and callbacks
    that are still on their way. Raises BadSupplier, and NoSuchDialect for an unknown dialect.
    """
    adapter_for(dialect)
    parts = urlsplit(base_url)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK and not settings.DEBUG:
        raise BadSupplier("https is needed outside this machine")
    supplier, made = Supplier.objects.select_for_update().get_or_create(
        code=code, defaults={"name": name, "dialect": dialect, "base_url": base_url}
    )
    before = None if made else {"base_url": supplier.base_url, "key_id": supplier.key_id}
    supplier.name, supplier.dialect, supplier.base_url = name, dialect, base_url
    if secret:
        keys = {kid: text for kid, text in supplier_keys(supplier).items() if kid != key_id}
        keys = {**dict(list(keys.items())[-(KEYS_AT_ONCE - 1) :]), key_id: secret}
        supplier.credentials = seal(json.dumps(keys), context=credentials_context(code))
        supplier.key_id = key_id
    supplier.save()
    audit.record(
        tag="supplier:saved",
        by=by,
        subject=f"supplier:{code}",
        now=now,
        before=before,
        after={"base_url": base_url, "key_id": supplier.key_id, "new_key": bool(secret)},
    )
    return supplier


@step()
def switch_supplier(*, code: str, on: bool, by: str, note: str, now: datetime) -> bool:
    """Let new purchases go to this supplier, or stop them. Open ones are still asked after."""
    state = SupplierState.ON if on else SupplierState.OFF
    changed = Supplier.objects.filter(code=code).exclude(state=state).update(state=state)
    if changed:
        audit.record(
            tag="supplier:switched",
            by=by,
            subject=f"supplier:{code}",
            now=now,
            after={"state": str(state), "note": note},
        )
    return bool(changed)
