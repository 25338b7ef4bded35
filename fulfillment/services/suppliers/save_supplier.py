"""Set up a supplier: address, dialect, keys. Keys are sealed and never shown again."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from core import audit
from core.crypto import same, seal
from core.tx import step
from fulfillment.models import Supplier
from fulfillment.services.suppliers.connect_supplier import (
    NotReady,
    credentials_context,
    supplier_keys,
)
from fulfillment.services.wake_waiting import wake_waiting
from fulfillment.states import SupplierState
from fulfillment.suppliers.options import read_options
from fulfillment.suppliers.registry import adapter_for

#: Two keys may be valid at once while they are changed; the oldest beyond that is dropped.
KEYS_AT_ONCE = 2
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class BadSupplier(ValueError):
    """The set-up cannot work; the message says why."""


class TakesTwoPersons(PermissionError):
    """The supplier is connected already: ask for the change, another person agrees."""


@step()
def save_supplier(  # noqa: PLR0913
    *,
    code: str,
    name: str,
    dialect: str,
    base_url: str,
    key_id: str,
    secret: str,
    by: str,
    now: datetime,
    options: Mapping[str, Any] | None = None,
) -> Supplier:
    """Connect a supplier for the first time; the same once more changes nothing.

    ``options`` are those of its dialect (`fulfillment.suppliers.options`); None leaves them.
    Raises BadSupplier, BadOptions, NoSuchDialect, and TakesTwoPersons for any change of what is connected
    (`change_supplier_keys` asks for it).
    """
    check_connection(dialect=dialect, base_url=base_url, options=options)
    supplier, made = Supplier.objects.select_for_update().get_or_create(
        code=code, defaults={"name": name, "dialect": dialect, "base_url": base_url}
    )
    if not made and is_connected(supplier):
        other = options is not None and dict(options) != supplier.options
        if other or _differs(
            supplier, dialect=dialect, base_url=base_url, key_id=key_id, secret=secret
        ):
            raise TakesTwoPersons(code)
        return supplier
    before = None if made else connection_of(supplier)
    supplier.name, supplier.dialect, supplier.base_url = name, dialect, base_url
    supplier.options = dict(supplier.options if options is None else options)
    put_key(supplier, key_id=key_id, secret=secret)
    supplier.save()
    audit.record(
        tag="supplier:saved",
        by=by,
        subject=f"supplier:{code}",
        now=now,
        before=before,
        after={**connection_of(supplier), "new_key": bool(secret)},
    )
    return supplier


def is_connected(supplier: Supplier) -> bool:
    """Whether it was ever given an address or a key."""
    return bool(supplier.base_url or supplier.credentials)


def connection_of(supplier: Supplier) -> dict[str, str]:
    """What may be told of a connection: everything but the secrets. Options as JSON text."""
    told = {name: getattr(supplier, name) for name in ("name", "dialect", "base_url", "key_id")}
    return {**told, "options": options_text(supplier.options)}


def options_text(options: Mapping[str, Any]) -> str:
    """Options in the one form in which two texts are equal when the options are; empty for none."""
    return json.dumps(dict(options), sort_keys=True, ensure_ascii=False) if options else ""


def check_connection(
    *, dialect: str, base_url: str, options: Mapping[str, Any] | None = None
) -> None:
    """Raises BadSupplier for an address in the clear, NoSuchDialect for an unknown dialect, and
    BadOptions for what the dialect does not know.
    """
    read_options(options or {}, adapter_for(dialect).options)
    parts = urlsplit(base_url)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK and not settings.DEBUG:
        raise BadSupplier("https is needed outside this machine")


def put_key(supplier: Supplier, *, key_id: str, secret: str) -> None:
    """Seal a new key into the row, unsaved; an empty ``secret`` keeps the keys as they are.

    The new key becomes the one that signs; the one before it stays valid for answers and callbacks
    that are still on their way. Keys that cannot be opened any more are given up.
    """
    if not secret:
        return
    try:
        held = supplier_keys(supplier)
    except NotReady:
        held = {}
    keys = {kid: text for kid, text in held.items() if kid != key_id}
    keys = {**dict(list(keys.items())[-(KEYS_AT_ONCE - 1) :]), key_id: secret}
    supplier.credentials = seal(json.dumps(keys), context=credentials_context(supplier.code))
    supplier.key_id = key_id


def _differs(supplier: Supplier, *, dialect: str, base_url: str, key_id: str, secret: str) -> bool:
    if (dialect, base_url) != (supplier.dialect, supplier.base_url):
        return True
    if not secret:
        return False
    try:
        held = supplier_keys(supplier)
    except NotReady:
        return True
    return key_id != supplier.key_id or not same(held.get(key_id, ""), secret)


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
        wake_waiting(supplier_code=code, now=now)
    return bool(changed)
