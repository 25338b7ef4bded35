"""What an answer tells, once it was heard: a table of listed words and nothing beyond it. Pure.

Every dialect says its own words and keeps its own envelope; how far they may be believed is the same for
all, and stands here (reliability.md 2.3 and 2.4).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.foreign import is_text
from fulfillment.suppliers.base import Answer, SuppliedCode, Verdict
from fulfillment.suppliers.hearing import Heard

#: A card longer than this is not a card; the vault would refuse it too.
CARD_CHARACTERS = 512
OK = 200


class Unreadable(ValueError):
    """The body is not what the protocol promises; the text says why. Never leaves an adapter."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A verified answer: ``data`` where the supplier understood us, else its ``code`` for why not."""

    code: str = ""
    data: Any = field(default=None, repr=False)


def understand(
    heard: Heard[Reply], read: Callable[[bytes], Reply], *, status: int | None = OK
) -> Heard[Reply]:
    """The call with the reply that ``read`` verifies and reads, or with the doubt why there is none.

    ``read`` may raise Unreadable. Another ``status`` than this one says nothing; with None ``read``
    judges it itself.
    """
    if heard.doubt:
        return heard
    if status is not None and heard.status != status:
        return replace(heard, doubt=f"http_{heard.status}")
    try:
        return replace(heard, reply=read(heard.body))
    except Unreadable as error:
        return replace(heard, doubt=str(error))


def listed(
    verdict: Verdict, words: Mapping[str, str] | None = None, also: Iterable[str] = ()
) -> dict[str, Answer]:
    """Answers by the supplier's word: ``words`` are told in ours, those of ``also`` as they are."""
    names = {**{word: word for word in also}, **(words or {})}
    return {said: Answer(verdict, code=name, trusted=True) for said, name in names.items()}


def judge(
    heard: Heard[Reply],
    known: Mapping[str, Answer],
    order: Callable[[Any], Answer],
    *,
    asking: bool = False,
) -> Answer:
    """What became of a purchase: what ``order`` reads from the data, or what a listed word means.

    Any other word proves nothing, and neither does a question (``asking``) that never left.
    """
    if heard.reply is None:
        return heard.unproved(asking=asking)
    code = heard.reply.code
    if not code:
        return heard.stamp(order(heard.reply.data))
    strange = Answer(Verdict.UNKNOWN, code=code, problem="unlisted_code", trusted=True)
    return heard.stamp(known.get(code, strange))


def problem(heard: Heard[Reply]) -> str:
    """Why an answer holds no data; empty when it does."""
    if heard.reply is None:
        return heard.doubt or "unreadable"
    return f"code_{heard.reply.code}"[:60] if heard.reply.code else ""


def differs(order: Mapping[str, Any], expected: Mapping[str, object]) -> str:
    """In what an order is not the one we asked for; empty when it is."""
    return next((f"other_{name}" for name, is_ in expected.items() if order.get(name) != is_), "")


def whole_card(number: object, secret: object, expires_on: str = "") -> SuppliedCode:
    """A card that somebody can type. Raises Unreadable."""
    texts = ["" if text is None else text for text in (number, secret)]
    if not all(is_text(text) and len(str(text)) <= CARD_CHARACTERS for text in texts):
        raise Unreadable("bad_card")
    number, secret = map(str, texts)
    if not (number.strip() or secret.strip()):
        raise Unreadable("empty_card")
    if not (number.isprintable() and secret.isprintable()):
        # A byte order mark, say: nobody could type what stands there.
        raise Unreadable("bad_card")
    return SuppliedCode(number, secret, expires_on)
