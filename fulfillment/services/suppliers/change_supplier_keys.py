"""Change the address or the keys of a connected supplier: two persons, the secret sealed between them.

Whoever can turn a supplier's address or key can send our money and buyers' accounts elsewhere.
"""

import base64
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core import approvals, audit
from core.crypto import CannotUnseal, seal, unseal
from core.models import Approval
from core.tx import part, step
from fulfillment.models import Supplier
from fulfillment.services.suppliers.save_supplier import (
    BadSupplier,
    check_connection,
    connection_of,
    options_text,
    put_key,
)
from fulfillment.suppliers.options import BadOptions
from fulfillment.suppliers.registry import NoSuchDialect

ACTION = "fulfillment.change_supplier_keys"


class NothingToChange(ValueError):
    """The connection is like this already."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The connection as it shall be. An empty ``secret`` keeps the keys as they are.

    ``options`` is the JSON text of the dialect's options, empty for none.
    """

    name: str
    dialect: str
    base_url: str
    key_id: str
    secret: str = field(repr=False)
    options: str = ""


@step()
def ask_to_change_keys(
    *, code: str, wanted: Wanted, by: str, reason: str, now: datetime
) -> Approval:
    """Ask for another name, dialect, address or key. ``by`` is the maker's public id.

    Raises NothingToChange, BadSupplier, BadOptions, NoSuchDialect, NotAllowed,
    and IntegrityError while another change of this supplier waits.
    """
    options = read_text(wanted.options)
    check_connection(dialect=wanted.dialect, base_url=wanted.base_url, options=options)
    supplier = Supplier.objects.get(code=code)
    was = connection_of(supplier)
    told = {
        "name": wanted.name,
        "dialect": wanted.dialect,
        "base_url": wanted.base_url,
        "key_id": wanted.key_id if wanted.secret else supplier.key_id,
        "options": options_text(options),
    }
    if told == was and not wanted.secret:
        raise NothingToChange(code)
    subject = f"supplier:{code}"
    return approvals.request(
        action=ACTION,
        subject=subject,
        payload={
            "code": code,
            "was": was,
            **told,
            "sealed_secret": _closed(subject, wanted.secret),
        },
        by=by,
        reason=reason,
        now=now,
    )


@part
def carry_out(approval: Approval, *, now: datetime) -> None:
    """Put the change into force. Raises StalePayload when the connection is not what it was when
    the change was asked for, or the sealed secret cannot be opened any more.
    """
    wanted = approval.payload
    supplier = Supplier.objects.select_for_update().get(code=wanted["code"])
    before = connection_of(supplier)
    try:
        if before != wanted["was"]:
            raise approvals.StalePayload(approval.public_id)
        options = read_text(wanted.get("options", ""))
        check_connection(dialect=wanted["dialect"], base_url=wanted["base_url"], options=options)
        secret = _opened(approval.subject, wanted["sealed_secret"])
    except (BadSupplier, BadOptions, NoSuchDialect, CannotUnseal) as error:
        raise approvals.StalePayload(approval.public_id) from error
    for name in ("name", "dialect", "base_url"):
        setattr(supplier, name, wanted[name])
    supplier.options = options
    put_key(supplier, key_id=wanted["key_id"], secret=secret)
    supplier.save()
    audit.record(
        tag="supplier:saved",
        by=f"user:{approval.checker}",
        subject=approval.subject,
        now=now,
        before=before,
        after={
            **connection_of(supplier),
            "new_key": bool(secret),
            "approval": approval.public_id,
        },
    )


def read_text(text: str) -> dict[str, Any]:
    """Options from their JSON text. Raises BadOptions."""
    try:
        found = json.loads(text or "{}")
    except ValueError as error:
        raise BadOptions("not JSON") from error
    if not isinstance(found, dict):
        raise BadOptions("not an object")
    return found


def _context(subject: str) -> str:
    return f"core_approval:payload:{subject}"


def _closed(subject: str, secret: str) -> str:
    return base64.b64encode(seal(secret, context=_context(subject))).decode() if secret else ""


def _opened(subject: str, text: str) -> str:
    return unseal(base64.b64decode(text), context=_context(subject)).reveal() if text else ""
