"""Links that show a code once: the message carries no code, the link no second look."""

from datetime import timedelta

import pytest

from accounts.models import Message
from accounts.rendering import rendered
from catalog.models import Product
from core import clock
from core.ids import new_token
from fulfillment.models import CodeReveal, Entitlement, RevealLink
from fulfillment.services.wallet.reveal_links import (
    LinkOver,
    NotSent,
    end_old_links,
    open_reveal_link,
    send_reveal_link,
)
from tests.factories.wallet import buy_one, claim, given

pytestmark = pytest.mark.django_db


def sent(row: Entitlement, to: str = "me@example.com") -> tuple[RevealLink, str]:
    """A link and its token, as the message tells it."""
    row.refresh_from_db()
    link = send_reveal_link(
        entitlement=row.public_id, to=to, by=f"user:{row.owner}", moves=row.moves, language="en",
        now=clock.now(),
    )  # fmt: skip
    text = rendered(Message.objects.latest("id")).text
    return link, text.partition("?t=")[2][:22]


def opened(link: RevealLink, token: str) -> str:
    found = open_reveal_link(link=link.public_id, token=token, ip="192.0.2.1", now=clock.now())
    return found.codes[0].secret


def test_it_shows_the_code_once_and_the_message_says_how_to_use_it() -> None:
    row = buy_one("usr_OWNER")
    Product.objects.update(guide_en="Type it in at the till.")
    from catalog import snapshot

    snapshot.changed()
    link, token = sent(row)
    message = rendered(Message.objects.latest("id"))
    assert "SECRET" not in message.text + message.html + message.subject
    assert "Type it in at the till." in message.text
    assert "Type it in at the till." in message.html
    assert opened(link, token).startswith("SECRET-")
    assert CodeReveal.objects.get().by == f"link:{link.public_id}"
    with pytest.raises(LinkOver):
        opened(link, token)
    assert CodeReveal.objects.count() == 1


def test_a_text_message_carries_the_link_too() -> None:
    link, token = sent(buy_one("usr_OWNER"), to="13800138000")
    assert Message.objects.latest("id").kind == "sms"
    assert opened(link, token)


def test_wrong_tokens_and_old_links_open_nothing() -> None:
    row = buy_one("usr_OWNER")
    first, first_token = sent(row)
    link, token = sent(row)
    for wrong_link, wrong_token in ((first, first_token), (link, new_token()), (link, "")):
        with pytest.raises(LinkOver):
            opened(wrong_link, wrong_token)
    late = clock.now() + timedelta(hours=25)
    with pytest.raises(LinkOver):
        open_reveal_link(link=link.public_id, token=token, ip="", now=late)
    assert end_old_links(now=late) == 1
    assert not CodeReveal.objects.exists()


def test_a_gift_ends_the_links_that_were_sent_before() -> None:
    row = buy_one("usr_OWNER")
    link, token = sent(row)
    gift = given(row)
    with pytest.raises(LinkOver):
        opened(link, token)
    with pytest.raises(NotSent):
        sent(row)
    claim(gift, "usr_FRIEND")
    mine, my_token = sent(row)
    assert opened(mine, my_token)


def test_so_many_messages_a_day() -> None:
    row = buy_one("usr_OWNER")
    for _ in range(5):
        sent(row)
    with pytest.raises(NotSent):
        sent(row)
