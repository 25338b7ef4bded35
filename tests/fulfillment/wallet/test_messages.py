"""What is said by mail and SMS renders in both languages, links to a page, and tells no code."""

from datetime import timedelta

import pytest

from accounts.models import Message
from accounts.rendering import rendered
from accounts.services.send_message import send_message
from core import clock
from core.tx import step
from fulfillment.models import Entitlement
from fulfillment.services.wallet.remind_owners import remind_owners
from tests.factories.orders import make_paid, relay_all, stocked

pytestmark = pytest.mark.django_db
VALUES: dict[str, dict[str, str | int]] = {
    "gift_link": {"sender": "林晚", "title": "京东E卡 50元", "url": "https://x/g"},
    "code_link": {"title": "京东E卡 50元", "guide": "在结账时输入。", "url": "https://x/c"},
    "ending_soon": {
        "title": "京东E卡",
        "more": 2,
        "day": "2026-12-01",
        "days": 7,
        "url": "https://x/w",
    },
    "guest_ending": {"order": "ord_1", "day": "2026-12-01", "url": "https://x/o"},
    "gift_claimed": {"title": "京东E卡", "url": "https://x/g"},
    "gift_returned": {"title": "京东E卡", "url": "https://x/g"},
}
BY_MAIL_ONLY = {"gift_claimed", "gift_returned"}
MOST_SMS = 140


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("template", sorted(VALUES))
def test_it_reads_well_in_both_languages(template: str, language: str) -> None:
    for kind, to in (("mail", "a@example.com"), ("sms", "13800138000")):
        if kind == "sms" and template in BY_MAIL_ONLY:
            continue
        with step():
            message = send_message(
                kind=kind, to=to, template=template, context=VALUES[template], language=language,
                now=clock.now(),
            )  # fmt: skip
        found = rendered(message)
        assert str(VALUES[template]["url"]) in found.text
        assert "{{" not in found.text + found.html + found.subject
        assert "%(" not in found.text + found.html + found.subject
        if kind == "sms":
            assert len(found.text) <= MOST_SMS
        else:
            assert found.subject.strip()
            assert str(VALUES[template]["url"]) in found.html


def test_a_guest_is_reminded_by_the_contact_of_the_order() -> None:
    order = make_paid(stocked(2), 2, contact="guest@example.com")
    relay_all()
    now = clock.now()
    Entitlement.objects.filter(reference=order.public_id).update(
        valid_until=now + timedelta(days=6.5), created_at=now - timedelta(days=30)
    )
    assert remind_owners(now=now) == 2
    relay_all()
    message = Message.objects.get(template="guest_ending")
    assert f"/orders/{order.public_id}/?t=" in rendered(message).text
