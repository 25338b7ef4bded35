"""The engine by example: each kind, the stack, floors and subsidies, to the minor unit."""

from dataclasses import replace
from typing import Any

import pytest

from orders.promotions.engine import price_cart
from orders.promotions.rules.base import BadTerms
from orders.promotions.rules.registry import KINDS, read_terms
from orders.promotions.values import Cart, Facts, Group, Line, PricedCart, Rule, Scope, Who
from tests.orders.promotions.carts import NOON

HERE = Facts(channel="main", at=NOON)
GROUP = {
    "special_price": Group.PRICE, "percent_off": Group.ITEM, "nth_unit": Group.ITEM,
    "several_for": Group.ITEM, "amount_off": Group.ORDER, "gift_with": Group.GIFT,
    "points": Group.TENDER,
}  # fmt: skip


def good(
    sku: str, unit: int, quantity: int = 1, *, floor: int = 0, category: str = "video"
) -> Line:
    return Line(sku, frozenset({f"sku:{sku}", f"category:{category}"}), quantity, unit, floor)


def rule(kind: str, params: dict[str, Any], **more: Any) -> Rule:
    told = {"id": f"pro_{kind}", "group": GROUP[kind], "funded": kind == "points", **more}
    return Rule(terms=read_terms(kind, params), **told)


def priced(lines: list[Line], *rules: Rule, facts: Facts = HERE) -> PricedCart:
    return price_cart(Cart(lines, facts, rules))


def paid(lines: list[Line], *rules: Rule) -> list[int]:
    return [line.paid_minor for line in priced(lines, *rules).lines]


HALF = {"nth": 2, "off_bp": 5000}


@pytest.mark.parametrize(
    ("kind", "params", "expected"),
    [
        ("special_price", {"unit_minor": 600}, [1200, 600]),
        # Nobody pays more for a special price.
        ("special_price", {"unit_minor": 2500}, [4000, 2500]),
        ("percent_off", {"off_bp": 1000}, [3600, 2699]),
        ("percent_off", {"off_bp": 1000, "most_minor": 100}, [3943, 2956]),
        ("percent_off", {"off_bp": 1000, "from_minor": 7000}, [4000, 2999]),
        # Units from the dearest: 2999, 2000 | 2000. The second of the pair is halved.
        ("nth_unit", HALF, [3000, 2999]),
        ("nth_unit", {"nth": 3, "off_bp": 10000}, [2000, 2999]),
        ("several_for", {"units": 3, "price_minor": 5000}, [2858, 2142]),
        ("several_for", {"units": 3, "price_minor": 9000}, [4000, 2999]),
        ("amount_off", {"steps": [[5000, 500], [6000, 1000]]}, [3428, 2571]),
        ("amount_off", {"steps": [[3000, 300]], "again": True}, [3657, 2742]),
        ("points", {"points": 1050, "minor_per_point": 2, "most_bp": 1000}, [3601, 2700]),
    ],
)  # fmt: skip
def test_each_kind_on_two_lines(kind: str, params: dict[str, Any], expected: list[int]) -> None:
    lines = [good("A", 2000, 2), good("B", 2999)]
    found = priced(lines, rule(kind, params))
    assert [line.paid_minor for line in found.lines] == expected
    assert found.base_minor == 6999


def test_groups_follow_one_another_and_each_counts_what_is_left() -> None:
    special = rule("special_price", {"unit_minor": 5000}, scope=Scope(frozenset({"sku:A"})))
    full = rule("amount_off", {"steps": [[5000, 1000]]})
    found = priced([good("A", 6000)], special, full)
    assert [(s.rule, s.amount_minor) for s in found.lines[0].savings] == [
        ("pro_special_price", -1000), ("pro_amount_off", -1000),
    ]  # fmt: skip
    # Under the threshold by the first, so only one of them counts: the one that saves more.
    lower = replace(full, terms=read_terms("amount_off", {"steps": [[5500, 900]]}))
    found = priced([good("A", 6000)], special, lower)
    assert [use.rule for use in found.used] == ["pro_special_price"]


def test_only_one_coupon_and_it_is_the_better_one() -> None:
    small = rule("percent_off", {"off_bp": 500}, id="pro_small", group=Group.COUPON)
    large = rule("percent_off", {"off_bp": 900}, id="pro_large", group=Group.COUPON)
    assert [use.rule for use in priced([good("A", 1000)], small, large).used] == ["pro_large"]


def test_of_equal_savings_priority_decides_and_then_the_id() -> None:
    one = rule("percent_off", {"off_bp": 500}, id="pro_b", group=Group.COUPON)
    two = replace(one, id="pro_a")
    assert priced([good("A", 1000)], one, two).used[0].rule == "pro_a"
    assert priced([good("A", 1000)], replace(one, priority=1), two).used[0].rule == "pro_b"


def test_what_stands_alone_is_not_combined_but_may_be_paid_with_points() -> None:
    alone = rule("special_price", {"unit_minor": 500}, alone=True)
    full = rule("amount_off", {"steps": [[400, 100]]})
    points = rule("points", {"points": 50, "minor_per_point": 1})
    found = priced([good("A", 1000)], alone, full, points)
    assert [use.rule for use in found.used] == ["pro_special_price", "pro_points"]
    assert found.total_minor == 450


def test_no_line_goes_under_its_floor_and_the_rest_goes_to_the_others() -> None:
    lines = [good("A", 1000, floor=950), good("B", 1000, floor=100)]
    assert paid(lines, rule("amount_off", {"steps": [[2000, 400]]})) == [950, 650]
    assert paid(lines, rule("percent_off", {"off_bp": 5000})) == [950, 500]
    assert paid(lines, rule("amount_off", {"steps": [[2000, 1500]]})) == [950, 100]


def test_under_the_floor_only_with_a_subsidy_that_pays_all_of_it() -> None:
    lines = [good("A", 1990, floor=1500)]
    six = rule("special_price", {"unit_minor": 600}, subsidy_minor=900)
    found = priced(lines, six)
    assert (found.total_minor, found.used[0].subsidy_minor) == (600, 900)
    assert priced(lines, replace(six, subsidy_minor=899)).total_minor == 1990
    # Two rules never subsidise the same yuan twice.
    more = rule("amount_off", {"steps": [[0, 100]]}, subsidy_minor=100)
    found = priced(lines, six, more)
    assert (found.total_minor, [use.subsidy_minor for use in found.used]) == (500, [900, 100])


def test_a_money_budget_that_cannot_pay_all_pays_nothing() -> None:
    off = rule("amount_off", {"steps": [[0, 300]]}, left_minor=300)
    assert priced([good("A", 1000)], off).total_minor == 700
    assert priced([good("A", 1000)], replace(off, left_minor=299)).total_minor == 1000


def test_a_gift_is_given_from_a_threshold_on_and_charged_to_its_subsidy() -> None:
    params = {"sku_code": "CINEMA", "from_minor": 2000, "list_minor": 3000, "floor_minor": 2500}
    gift = rule("gift_with", params, subsidy_minor=2500)
    found = priced([good("A", 2000)], gift)
    assert (found.used[0].gift, found.used[0].discount_minor) == (("CINEMA", 1), 3000)
    assert found.used[0].subsidy_minor == 2500
    assert priced([good("A", 1999)], gift).used == ()
    assert priced([good("A", 2000)], replace(gift, subsidy_minor=2499)).used == ()


def test_a_gift_comes_on_top_of_the_best_price() -> None:
    gift = rule("gift_with", {"sku_code": "X", "list_minor": 100})
    full = rule("amount_off", {"steps": [[1000, 200]]})
    found = priced([good("A", 1000)], gift, full)
    assert [use.rule for use in found.used] == ["pro_amount_off", "pro_gift_with"]


@pytest.mark.parametrize(
    ("who", "facts", "applies"),
    [
        (Who(channels=frozenset({"live"})), HERE, False),
        (Who(channels=frozenset({"main"})), HERE, True),
        (Who(signed_in=True), HERE, False),
        (Who(signed_in=True), replace(HERE, user="usr_1"), True),
        (Who(minimum_level=2), replace(HERE, user="usr_1", level=1), False),
        (Who(minimum_level=2), replace(HERE, user="usr_1", level=2), True),
        # A level without a person is nobody's.
        (Who(minimum_level=2), replace(HERE, level=2), False),
        (Who(first_order=True), HERE, False),
        (Who(first_order=True), replace(HERE, first_order=True), True),
    ],
)
def test_whom_a_rule_is_for(who: Who, facts: Facts, applies: bool) -> None:
    off = rule("percent_off", {"off_bp": 1000}, who=who)
    assert (priced([good("A", 1000)], off, facts=facts).total_minor == 900) is applies


def test_the_start_is_included_and_the_end_is_not() -> None:
    off = rule("percent_off", {"off_bp": 1000})
    assert priced([good("A", 1000)], replace(off, starts_at=NOON)).used
    assert not priced([good("A", 1000)], replace(off, ends_at=NOON)).used


def test_goods_left_out_are_left_out_whatever_is_listed() -> None:
    scope = Scope(frozenset({"category:video"}), frozenset({"sku:B"}))
    off = rule("percent_off", {"off_bp": 1000}, scope=scope)
    lines = [good("A", 1000), good("B", 1000), good("C", 1000, category="food")]
    assert paid(lines, off) == [900, 1000, 1000]


@pytest.mark.parametrize(
    ("kind", "params", "field"),
    [
        ("special_price", {}, "unit_minor"), ("special_price", {"unit_minor": -1}, "unit_minor"),
        ("special_price", {"unit_minor": True}, "unit_minor"),
        ("percent_off", {"off_bp": 10001}, "off_bp"), ("percent_off", {"off_bp": 0}, "off_bp"),
        ("amount_off", {"steps": []}, "steps"), ("amount_off", {"steps": [[1, 0]]}, "off"),
        ("amount_off", {"steps": [[1, 1], [1, 2]]}, "steps"),
        ("amount_off", {"steps": [[0, 1]], "again": True}, "steps"),
        ("nth_unit", {"nth": 1, "off_bp": 5000}, "nth"),
        ("several_for", {"units": 2}, "price_minor"), ("gift_with", {}, "sku_code"),
        ("points", {"points": 1}, "minor_per_point"), ("nothing", {}, "kind"),
    ],
)  # fmt: skip
def test_bad_terms_name_their_field(kind: str, params: dict[str, Any], field: str) -> None:
    with pytest.raises(BadTerms) as error:
        read_terms(kind, params)
    assert error.value.field == field


def test_every_kind_is_tried_here() -> None:
    assert set(GROUP) == set(KINDS)
