"""Activation: within its window, so many times, bound to what its terms say, refused with words."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from catalog import snapshot
from catalog.models import ProductType, Sku
from core import clock
from core.crypto import unseal
from core.faults import without
from core.invariants import check_all
from core.models import StateChange
from fulfillment.models import Entitlement, EntitlementBinding
from fulfillment.queries.activation import terms_of
from fulfillment.queries.deliveries import delivery_view
from fulfillment.queries.looking import ACTIVATE, ELSEWHERE, hindrance
from fulfillment.services.wallet.activate import Bearer, NotActivated, Refused, activate
from fulfillment.services.wallet.give import NotGiven, Obstacle
from fulfillment.services.wallet.set_activation_terms import set_activation_terms
from risk.values import NotAValue
from tests.factories.fulfillment import make_stock
from tests.factories.wallet import buy_one, claim, given

pytestmark = pytest.mark.django_db
PHONE, OTHER = "13800138000", "13900139000"
IDENTITY = "11010519491231002X"


def thing(binding: str = "none", **terms: Any) -> Entitlement:
    """Something that must be activated, bound as named."""
    sku = make_stock(1)
    set_activation_terms(
        sku_id=sku.pk, binding=binding, activations=terms.pop("activations", 1), by="user:usr_OP",
        now=clock.now() - timedelta(days=1), **terms,
    )  # fmt: skip
    return buy_one("usr_OWNER", sku=sku)


def press(row: Entitlement, **values: Any) -> EntitlementBinding:
    row.refresh_from_db()
    now = values.pop("now", None) or clock.now()
    bearer = Bearer("user:usr_OWNER", values.pop("ip", "192.0.2.7"), **values)
    return activate(entitlement=row.public_id, bearer=bearer, moves=row.moves, now=now)


def why(row: Entitlement, **values: Any) -> str:
    with pytest.raises(NotActivated) as refused:
        press(row, **values)
    assert refused.value.why.label
    return refused.value.why


def test_activation_puts_it_in_use_and_starts_its_days() -> None:
    row = thing()
    Sku.objects.filter(pk=row.sku_id).update(validity_kind="from_activation", validity_days=90)
    snapshot.changed()
    assert hindrance(row, device="", ip="") == ACTIVATE
    press(row, nonce="a")
    row.refresh_from_db()
    assert row.state == "active"
    assert row.valid_until is not None
    assert timezone.localdate(row.valid_until) == timezone.localdate() + timedelta(days=91)
    change = StateChange.objects.get(subject=row.public_id)
    assert (change.was, change.became, change.why) == ("issued", "active", "activated")
    assert hindrance(row, device="", ip="") == ""
    assert [str(v) for v in check_all(now=clock.now(), only="INV-W")] == []


def test_a_code_of_the_pool_does_not_outlive_its_own_day() -> None:
    sku = make_stock(1, expires_on=timezone.localdate() + timedelta(days=10))
    Sku.objects.filter(pk=sku.pk).update(validity_kind="from_activation", validity_days=90)
    snapshot.changed()
    row = buy_one("usr_OWNER", sku=sku)
    until = row.valid_until
    press(row, nonce="a")
    row.refresh_from_db()
    assert row.valid_until == until


def test_an_unactivated_code_is_not_shown_with_its_order() -> None:
    row = thing()
    view = delivery_view(row.delivery.public_id)
    assert view is not None
    assert (view.can_reveal, view.to_activate) == (False, True)


@pytest.mark.parametrize(
    ("binding", "first", "again", "other"),
    [
        ("phone", {"value": PHONE}, {"value": "+86 138 0013 8000"}, {"value": OTHER}),
        ("identity", {"value": IDENTITY}, {"value": "11010519491231002x"},
         {"value": "440524188001010014"}),
        ("device", {"device": "d" * 22}, {"device": "d" * 22}, {"device": "e" * 22}),
        ("ip", {"ip": "192.0.2.7"}, {"ip": "192.0.2.7"}, {"ip": "192.0.2.8"}),
        ("none", {"nonce": "one"}, {"nonce": "one"}, {"nonce": "two"}),
    ],
)  # fmt: skip
def test_the_same_is_one_activation_and_another_is_refused(
    binding: str, first: dict[str, str], again: dict[str, str], other: dict[str, str]
) -> None:
    row = thing(binding)
    one = press(row, **first)
    assert press(row, **again).pk == one.pk
    if binding == "identity":
        other = {"value": "11010519491231003" + "8"}
        with pytest.raises((NotActivated, NotAValue)):
            press(row, **other)
    else:
        assert why(row, **other) == Refused.NO_MORE
    assert EntitlementBinding.objects.count() == 1


def test_what_it_is_bound_to_is_sealed_and_shown_masked() -> None:
    row = thing("phone")
    one = press(row, value=PHONE)
    assert one.masked == "138****8000"
    assert one.sealed is not None
    assert b"13800138000" not in bytes(one.sealed)
    assert unseal(one.sealed, context=one.context).reveal() == "+8613800138000"


@pytest.mark.parametrize("typed", ["", "12345", "110105194912310021", "11010519491331002X"])
def test_a_wrong_value_says_what_is_wrong(typed: str) -> None:
    row = thing("identity")
    with pytest.raises(NotAValue) as wrong:
        press(row, value=typed)
    assert wrong.value.args[0]
    row.refresh_from_db()
    assert row.state == "issued"


def test_so_many_activations_and_no_more() -> None:
    row = thing("device", activations=3)
    for n in range(3):
        assert press(row, device=f"device-{n}" + "x" * 12).number == n + 1
    assert why(row, device="device-3" + "x" * 12) == Refused.NO_MORE
    with without("wallet.activations"):
        press(row, device="device-3" + "x" * 12)
    broken = {v.invariant.id for v in check_all(now=clock.now(), only="INV-W")}
    assert broken == {"INV-W3"}


def test_bound_to_a_device_it_is_shown_there_only() -> None:
    row = thing("device")
    press(row, device="d" * 22)
    assert hindrance(row, device="d" * 22, ip="") == ""
    assert hindrance(row, device="e" * 22, ip="") == ELSEWHERE
    assert hindrance(row, device="", ip="") == ELSEWHERE


def test_its_window() -> None:
    now = clock.now()
    row = thing(opens_at=now + timedelta(days=1), closes_at=now + timedelta(days=3))
    assert why(row, nonce="a") == Refused.NOT_YET
    assert why(row, nonce="a", now=now + timedelta(days=3)) == Refused.TOO_LATE
    assert press(row, nonce="a", now=now + timedelta(days=2)).number == 1


def test_within_days_of_receiving_it() -> None:
    row = thing(within_days=7)
    assert terms_of(row).closes_at == row.created_at + timedelta(days=7)
    assert why(row, nonce="a", now=row.created_at + timedelta(days=7)) == Refused.TOO_LATE


@pytest.mark.parametrize(
    ("state", "refused"),
    [("expired", Refused.EXPIRED), ("exhausted", Refused.USED), ("revoked", Refused.USED)],
)
def test_what_is_over_is_refused(state: str, refused: str) -> None:
    row = thing()
    Entitlement.objects.filter(pk=row.pk).update(state=state)
    assert why(row, nonce="a") == refused


def test_on_its_way_or_given_it_is_not_the_givers_to_activate() -> None:
    row = thing()
    gift = given(row)
    assert why(row, nonce="a") == Refused.GIVEN
    claim(gift, "usr_FRIEND")
    with pytest.raises(NotActivated) as refused:
        activate(
            entitlement=row.public_id, bearer=Bearer("user:usr_OWNER", "", nonce="a"), moves=0,
            now=clock.now(),
        )  # fmt: skip
    assert refused.value.why == Refused.MOVED
    assert press(row, nonce="a").number == 1


def test_what_is_activated_cannot_be_given() -> None:
    row = thing()
    press(row, nonce="a")
    with pytest.raises(NotGiven) as refused:
        given(row)
    assert refused.value.why == Obstacle.ACTIVE


def test_without_terms_nothing_is_needed() -> None:
    row = buy_one("usr_OWNER")
    assert not terms_of(row).needed
    assert why(row, nonce="a") == Refused.NOT_NEEDED


def test_the_product_type_may_bind_too() -> None:
    row = buy_one("usr_OWNER")
    ProductType.objects.update(binding="phone")
    snapshot.changed()
    assert terms_of(row).binding == "phone"
    press(row, value=PHONE)
    ProductType.objects.update(delivery_kind="topup")
    snapshot.changed()
    assert not terms_of(row).needed


def test_new_terms_leave_what_was_issued_before_alone() -> None:
    sku = make_stock(2)
    old = buy_one("usr_OWNER", sku=sku)
    set_activation_terms(
        sku_id=sku.pk, binding="phone", activations=2, by="user:usr_OP", now=clock.now()
    )
    new = buy_one("usr_OWNER", sku=sku)
    assert not terms_of(old).needed
    assert (terms_of(new).binding, terms_of(new).activations) == ("phone", 2)
