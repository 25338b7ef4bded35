"""Whose call this is: the outside channel behind it, or a refusal that tells a stranger nothing.

The signature of dialect B is MD5 over the sorted fields and the secret. It is compared in constant
time; a call is good for five minutes to either side.
"""

import ipaddress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from core.crypto import CannotUnseal
from core.hot import hot_cursor
from core.tx import refuse_in_transaction
from distribution.marketplaces import words
from distribution.marketplaces.dialect import Call, Speech, open_data, speech_of
from distribution.marketplaces.words import MarketRefused
from distribution.models import MarketKey, Marketplace, MarketReplay
from distribution.services.make_key import open_secret
from distribution.states import MarketState
from fulfillment.suppliers.form_md5.signing import FRESH_SECONDS, Recipe, is_fresh

# For keys that nobody has, so that the answer takes as long.
NO_SECRET = "no such key"  # noqa: S105  not a secret
# Longer than any call can be good, to either side of a skewed clock.
KEEP = timedelta(seconds=3 * FRESH_SECONDS)


@dataclass(frozen=True, slots=True)
class Admitted:
    """A call that is believed. `secret` signs the answer."""

    market: Marketplace
    key: MarketKey
    speech: Speech
    sign: str
    data: dict[str, Any] = field(repr=False)
    secret: str = field(repr=False)


def admit_market(*, call: Call, ip: str, now: datetime) -> Admitted:
    """The channel that made a call, with what it asks for. Raises MarketRefused."""
    key = (
        MarketKey.objects.select_related("marketplace__channel")
        .filter(public_id=call.key_id, is_active=True)
        .first()
    )
    secret = _secret(key)
    speech = speech_of(key.marketplace.recipe if key else {})
    genuine = speech.recipe.is_genuine(call.fields, call.sign, secret)
    if key is None or key.marketplace.state != MarketState.ON:
        raise MarketRefused(words.UNKNOWN_KEY)
    if not genuine:
        raise MarketRefused(words.BAD_SIGNATURE)
    if not is_allowed(key.marketplace.addresses, ip):
        raise MarketRefused(words.UNKNOWN_KEY)
    if not is_fresh(call.timestamp, now=now):
        raise MarketRefused(words.STALE)
    data = open_data(call, speech.recipe)
    return Admitted(key.marketplace, key, speech, call.sign.lower(), data, secret)


def _secret(key: MarketKey | None) -> str:
    try:
        return open_secret(key.public_id, key.secret) if key is not None else NO_SECRET
    except CannotUnseal:
        return NO_SECRET


def is_allowed(addresses: str, ip: str) -> bool:
    """Whether a call may come from there; nothing named: from anywhere."""
    networks = addresses.split()
    if not networks:
        return True
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network) for network in networks)


def speaker_of(key: MarketKey) -> tuple[Speech, str]:
    """How to speak to the channel of a key, and the secret that signs. Raises CannotUnseal."""
    return speech_of(key.marketplace.recipe), open_secret(key.public_id, key.secret)


def plain_recipe() -> Recipe:
    """The recipe of answers to those who have not proved who they are."""
    return Recipe()


KEEP_CALL = """
insert into distribution_marketreplay (key_id, sign, at)
values (%(key)s::bigint, %(sign)s::text, %(now)s::timestamptz) on conflict do nothing
"""


def refuse_replay(*, admitted: Admitted, now: datetime) -> None:
    """For calls that are answered with codes: the same bytes are not answered twice.

    One statement, a transaction of its own: codes go out only once it is kept. Raises MarketRefused.
    """
    refuse_in_transaction("admitting a channel")
    params = {"key": admitted.key.pk, "sign": admitted.sign[:32], "now": now}
    with hot_cursor() as cursor:
        cursor.execute(KEEP_CALL, params)
        if cursor.rowcount != 1:
            raise MarketRefused(words.STALE)


def forget_replays(*, now: datetime, limit: int = 5000) -> int:
    """Drop calls that are too old to be accepted again. Returns how many."""
    old = MarketReplay.objects.filter(at__lt=now - KEEP).order_by("at").values_list("pk", flat=True)
    return MarketReplay.objects.filter(pk__in=list(old[:limit])).delete()[0]
