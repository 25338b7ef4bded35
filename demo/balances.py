"""The demo's gift cards: a batch given away, and a balance for the first shopper."""

from datetime import datetime, timedelta

from catalog.models import Channel
from core import approvals
from core.tx import step
from demo.draws import agree
from demo.offers import BY, staff_of
from demo.people import SHOPPERS, find
from orders.models import ExchangeBatch
from orders.queries.balance import balance_of
from orders.services.balance.correct_balance import request_balance_correction
from orders.services.exchange.open_batch import request_codes

CARDS, FACE_MINOR = 20, 5000
BATCH = "五十元礼品卡"
WELCOME_MINOR = 3000
LASTS = timedelta(days=365)


def hand_out_cards(*, now: datetime) -> str:
    """Set up what is missing; says how many cards there are."""
    if not ExchangeBatch.objects.filter(name=BATCH).exists():
        batch = _batch(now)
        agree(lambda by: request_codes(batch=batch.public_id, by=by, reason="demo", now=now), now)
        _welcome(now)
    return f"{CARDS} cards of {FACE_MINOR // 100} yuan"


@step()
def _batch(now: datetime) -> ExchangeBatch:
    return ExchangeBatch.objects.create(
        name=BATCH, name_en="Gift card of 50 yuan", channel=Channel.objects.get(is_default=True),
        kind="balance", amount=FACE_MINOR, cost_minor=FACE_MINOR, size=CARDS,
        ends_at=now + LASTS, state_at=now, by=BY, created_at=now,
    )  # fmt: skip


def _welcome(now: datetime) -> None:
    """Two persons put something on the first shopper's balance, as in any shop."""
    shopper, maker, checker = find(SHOPPERS[0]), staff_of("operator"), staff_of("finance")
    if shopper is None or maker is None or checker is None or balance_of(shopper.public_id):
        return
    try:
        asked = request_balance_correction(
            owner=shopper.public_id, amount_minor=WELCOME_MINOR, reason="开业赠送",
            by=maker.public_id, now=now,
        )  # fmt: skip
        approvals.decide(approval_id=asked.public_id, by=checker.public_id, agree=True, now=now)
    except approvals.NotAllowed:
        # This shop gives its roles to other people.
        return
