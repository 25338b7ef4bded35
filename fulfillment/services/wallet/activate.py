"""Activate what is owned: within its window, so many times, bound to what its terms say (F10)."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.contacts import read_contact
from catalog.states import Binding
from core import crypto, transitions
from core.faults import guard_off
from core.masking import mask_middle
from core.tx import part, step
from fulfillment.identity import identity
from fulfillment.models import Entitlement, EntitlementBinding
from fulfillment.queries.activation import Terms, terms_of
from fulfillment.queries.goods import end_of_day
from fulfillment.services.wallet.lock_owned import lock_owned
from fulfillment.states import EntitlementState
from risk.values import mask_ip


class Refused(TextChoices):
    """Why something was not activated, in words for its owner."""

    GIVEN = "given", _("It is on its way to a friend. Take it back first.")
    NOT_YET = "not_yet", _("It cannot be activated yet. The page says from when.")
    TOO_LATE = "too_late", _("The time in which it could be activated is over.")
    EXPIRED = "expired", _("It has expired.")
    USED = "used", _("It is used up or was taken back.")
    MOVED = "moved", _("It is not yours any more.")
    NO_MORE = "no_more", _("It was activated as often as it may be.")
    NOT_NEEDED = "not_needed", _("It needs no activation: just use it.")


class NotActivated(Exception):
    """The activation was refused."""

    def __init__(self, why: Refused) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who activates and from where. `value` is what was typed: a phone or an identity number.

    `device` is what this browser carries (views/bearer.py), `nonce` makes one press one activation.
    """

    by: str
    ip: str
    value: str = field(default="", repr=False)
    device: str = field(default="", repr=False)
    nonce: str = field(default="", repr=False)


@step()
def activate(*, entitlement: str, bearer: Bearer, moves: int, now: datetime) -> EntitlementBinding:
    """Activate once more; the same phone, device, address or identity again is the same activation.

    The caller has checked that the bearer holds it while it has changed hands `moves` times. The
    first activation starts its validity where the SKU counts from it (whole days of the shop's time
    zone). Raises NotActivated, risk.values.NotAValue for a value that is none.
    """
    row = lock_owned(entitlement)
    if row is None or row.moves != moves:
        raise NotActivated(Refused.MOVED)
    terms = terms_of(row)
    _refuse(row, terms, now)
    kind, value, masked = _bound_to(terms, bearer)
    index = crypto.blind_index(f"binding:{kind}", value)
    known = EntitlementBinding.objects.filter(entitlement=row, value_index=index).first()
    if known is not None:
        return known
    done = EntitlementBinding.objects.filter(entitlement=row).count()
    if done >= terms.activations and not guard_off("wallet.activations"):
        raise NotActivated(Refused.NO_MORE)
    binding = _bind(row, done + 1, kind, value, masked, index, bearer, now)
    _start(row, terms, bearer.by, now)
    return binding


def _refuse(row: Entitlement, terms: Terms, now: datetime) -> None:
    """Raise the first reason that speaks against it."""
    ended = row.valid_until is not None and row.valid_until <= now
    reasons = (
        (not terms.needed, Refused.NOT_NEEDED),
        (row.given_at is not None, Refused.GIVEN),
        (row.state == EntitlementState.EXPIRED or ended, Refused.EXPIRED),
        (row.state not in (EntitlementState.ISSUED, EntitlementState.ACTIVE), Refused.USED),
        (terms.opens_at is not None and now < terms.opens_at, Refused.NOT_YET),
        (terms.closes_at is not None and now >= terms.closes_at, Refused.TOO_LATE),
    )
    for holds, why in reasons:
        if holds:
            raise NotActivated(why)


def _bound_to(terms: Terms, bearer: Bearer) -> tuple[str, str, str]:
    """Kind, value in its one spelling, and what may be shown of it."""
    kind = terms.binding
    if kind == Binding.PHONE:
        contact = read_contact(bearer.value, kind="phone")
        return kind, contact.value, contact.masked
    if kind == Binding.IDENTITY:
        number = identity(bearer.value)
        return kind, number, mask_middle(number)
    if kind == Binding.DEVICE:
        return kind, bearer.device, f"•{bearer.device[-4:]}"
    if kind == Binding.IP:
        return kind, bearer.ip, mask_ip(bearer.ip)
    return kind, bearer.nonce, ""


@part
def _bind(
    row: Entitlement,
    number: int,
    kind: str,
    value: str,
    masked: str,
    index: bytes,
    bearer: Bearer,
    now: datetime,
) -> EntitlementBinding:
    binding = EntitlementBinding(
        entitlement=row, number=number, kind=kind, value_index=index, masked=masked[:64],
        by=bearer.by[:48], ip=bearer.ip[:45], at=now,
    )  # fmt: skip
    if kind != Binding.NONE:
        binding.sealed = crypto.seal(value, context=binding.context)
    binding.save(force_insert=True)
    return binding


@part
def _start(row: Entitlement, terms: Terms, by: str, now: datetime) -> None:
    """The first activation puts it in use and starts its days."""
    until = {}
    if terms.lasts is not None:
        end = end_of_day(timezone.localdate(now + terms.lasts))
        until = {"valid_until": end if row.valid_until is None else min(end, row.valid_until)}
    transitions.move(
        Entitlement, row.pk, from_=[EntitlementState.ISSUED], to=EntitlementState.ACTIVE, now=now,
        by=by, why="activated", **until,
    )  # fmt: skip
