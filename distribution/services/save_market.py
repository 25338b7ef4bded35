"""Set up an outside channel, and switch it."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalog.models import Channel
from core import audit
from core.floors import set_floor
from core.outside import refuse_inside
from core.tx import step
from distribution.marketplaces.dialect import speech_of
from distribution.models import Marketplace
from distribution.postings import account_of
from distribution.states import MarketState

MOST_ADDRESSES = 16


class BadMarket(ValueError):
    """The set-up cannot work; `field` says where."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


@dataclass(frozen=True, slots=True)
class Connection:
    """What may be changed of an outside channel later on."""

    name: str
    callback_url: str
    addresses: str
    recipe: Mapping[str, Any]


@step()
def make_market(
    *, code: str, channel: str, connection: Connection, by: str, now: datetime
) -> Marketplace:
    """Open an outside channel over a sales channel (its code), which is not the shop itself.

    It may owe nothing until two persons give it a limit. Raises BadMarket, BadOptions,
    core.outside.Inside, Channel.DoesNotExist, IntegrityError for a code or channel that is taken.
    """
    sold_as = Channel.objects.select_related("price_list").get(code=channel, is_active=True)
    if sold_as.is_default:
        raise BadMarket("channel")
    row = Marketplace(
        code=code, channel=sold_as, currency=sold_as.price_list.currency, created_at=now
    )
    _connect(row, connection)
    row.save(force_insert=True)
    set_floor(account=account_of(code), currency=row.currency, floor=0)
    _note("market:made", row, by, now)
    return row


@step()
def save_market(*, code: str, connection: Connection, by: str, now: datetime) -> Marketplace:
    """Change name, address for results, allowed addresses or recipe. Raises as `make_market`."""
    row = Marketplace.objects.select_for_update(of=("self",)).get(code=code)
    _connect(row, connection)
    row.save()
    _note("market:saved", row, by, now)
    return row


@step()
def switch_market(*, code: str, on: bool, by: str, note: str, now: datetime) -> bool:
    """Let an outside channel call us, or stop it at once. What it ordered goes on either way."""
    state = MarketState.ON if on else MarketState.OFF
    changed = Marketplace.objects.filter(code=code).exclude(state=state).update(state=state)
    if changed:
        after = {"state": str(state), "note": note}
        audit.record(tag="market:switched", by=by, subject=f"market:{code}", now=now, after=after)
    return bool(changed)


def _connect(row: Marketplace, connection: Connection) -> None:
    speech_of(connection.recipe)
    if connection.callback_url:
        refuse_inside(connection.callback_url)
    row.name, row.recipe = connection.name, dict(connection.recipe)
    row.callback_url = connection.callback_url
    row.addresses = "\n".join(_addresses(connection.addresses))


def _addresses(text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_ADDRESSES:
        raise BadMarket("addresses")
    try:
        return [str(ipaddress.ip_network(line, strict=False)) for line in lines]
    except ValueError as error:
        raise BadMarket("addresses") from error


def _note(tag: str, row: Marketplace, by: str, now: datetime) -> None:
    after = {
        "name": row.name, "channel": row.channel.code, "callback_url": row.callback_url,
        "addresses": row.addresses, "recipe": row.recipe,
    }  # fmt: skip
    audit.record(tag=tag, by=by, subject=f"market:{row.code}", now=now, after=after)
