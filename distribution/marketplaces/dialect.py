"""Dialect B from the other side: reading what a channel sends, signing what it hears. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from core.foreign import is_text
from distribution.marketplaces import words
from distribution.marketplaces.words import MarketRefused
from fulfillment.suppliers.form_md5.signing import Recipe, stamp
from fulfillment.suppliers.options import Option, read_options

#: The longest call that is read. An order is a few hundred bytes.
LARGEST_BODY = 16 * 1024
MOST_FIELDS = 16

OPTIONS: Mapping[str, Option] = {
    "tail": Option("&key=", choices=("&key=", "&", "none"), help="What stands before the secret"),
    "charset": Option("UTF-8", choices=("UTF-8", "GBK"), help="Of data and signature"),
    "upper": Option(False, help="Signatures in capitals"),
    "codec": Option("json", choices=("json", "xml"), help="How top-ups are answered"),
    "ack": Option("success", choices=("success", "ok"), help="The word that ends the repeats"),
    "push_signs": Option(
        "four", choices=("four", "all"), help="Which fields of a result are signed"
    ),
}
#: The classic result signs these and no more.
FOUR = ("customerId", "orderNo", "orderStatus", "timestamp")


@dataclass(frozen=True, slots=True)
class Speech:
    """How one channel speaks: its recipe and what else its options say."""

    recipe: Recipe
    codec: str
    ack: str
    push_signs: str


@dataclass(frozen=True, slots=True)
class Call:
    """The outer fields of a call; nothing in it is believed yet."""

    fields: Mapping[str, str] = field(repr=False)

    @property
    def key_id(self) -> str:
        return self.fields.get("customerId", "")[:64]

    @property
    def sign(self) -> str:
        return self.fields.get("sign", "")[:64]

    @property
    def timestamp(self) -> str:
        return self.fields.get("timestamp", "")


def speech_of(options: Mapping[str, Any]) -> Speech:
    """The speech of a channel's options. Raises BadOptions."""
    chosen = read_options(options, OPTIONS)
    recipe = Recipe(chosen["tail"], chosen["charset"], chosen["upper"])
    return Speech(recipe, chosen["codec"], chosen["ack"], chosen["push_signs"])


def read_call(body: bytes) -> Call:
    """The form of a call. Raises MarketRefused for what is too long, no form, or not text."""
    if len(body) > LARGEST_BODY:
        raise MarketRefused(words.BAD_REQUEST)
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict",
            max_num_fields=MOST_FIELDS,
        )  # fmt: skip
    except ValueError as error:
        raise MarketRefused(words.BAD_REQUEST) from error
    fields = dict(pairs)
    if len(fields) != len(pairs) or not all(map(is_text, fields.values())):
        raise MarketRefused(words.BAD_REQUEST)
    return Call(fields)


def open_data(call: Call, recipe: Recipe) -> dict[str, Any]:
    """What a believed call asks for. Raises MarketRefused."""
    try:
        data = recipe.unpack(call.fields.get("data", ""))
    except (ValueError, RecursionError) as error:
        raise MarketRefused(words.BAD_REQUEST) from error
    if not isinstance(data, dict) or not all(map(_is_plain, data.values())):
        raise MarketRefused(words.BAD_REQUEST)
    return data


def answer(
    *, code: str, data: Mapping[str, Any] | None, recipe: Recipe, secret: str, now: datetime
) -> bytes:
    """The signed JSON of an answer; unsigned for whoever has not proved to be the channel."""
    fields = {
        "retCode": code,
        "retMessage": words.SAID[code],
        "data": recipe.pack(data) if data else "",
        "timestamp": stamp(now),
    }
    fields["sign"] = recipe.sign(fields, secret) if secret else ""
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def result_form(
    order: Mapping[str, Any], *, speech: Speech, key_id: str, secret: str, now: datetime
) -> bytes:
    """The form by which a channel is told how its order ended."""
    told = ("orderNo", "orderStatus", "platformNo", "price", "finishTime")
    fields = {name: str(order[name]) for name in told}
    fields |= {"customerId": key_id, "timestamp": stamp(now)}
    signed = {name: fields[name] for name in (FOUR if speech.push_signs == "four" else fields)}
    fields["sign"] = speech.recipe.sign(signed, secret)
    return urlencode(fields).encode("ascii")


def _is_plain(value: object) -> bool:
    """Texts, whole numbers and nothing; what JSON could nest is no part of a call."""
    if value is None or isinstance(value, int):
        return True
    return is_text(value)
