"""Each invariant of the catalogue holds in a sound shop and reports what is broken on purpose."""

from collections.abc import Callable
from datetime import datetime

import pytest

from catalog.models import Channel, Price, SearchToken, Sku
from core.invariants import INVARIANTS, check
from tests.factories import catalog as make


def unpriced() -> None:
    Price.objects.all().delete()


def under_cost() -> None:
    Sku.objects.update(cost_minor=99_999)


def no_default() -> None:
    Channel.objects.update(is_default=False)


def wrong_currency() -> None:
    Price.objects.update(currency="USD")


def unfindable() -> None:
    SearchToken.objects.all().delete()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "breaks"),
    [
        ("INV-K1", unpriced),
        ("INV-K2", under_cost),
        ("INV-K3", no_default),
        ("INV-K4", wrong_currency),
        ("INV-K5", unfindable),
    ],
)
def test_it_can_fail(now: datetime, name: str, breaks: Callable[[], None]) -> None:
    make.make_sku(price_minor=9850, cost_minor=9000)
    assert check(INVARIANTS.get(name), now=now) is None
    breaks()
    assert check(INVARIANTS.get(name), now=now) is not None


@pytest.mark.django_db
def test_two_default_channels_cannot_be_written() -> None:
    from django.db import IntegrityError, transaction

    make.make_channel("second")
    with pytest.raises(IntegrityError), transaction.atomic():
        Channel.objects.update(is_default=True)
