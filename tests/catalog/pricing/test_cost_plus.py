"""A price that follows its cost: rounding, guard rails, floor."""

from hypothesis import given
from hypothesis import strategies as st

from catalog.pricing import CostRule, Followed, Rounding, follow_cost

TEN_PERCENT = CostRule(markup_bp=1000)


def follow(cost: int, rule: CostRule = TEN_PERCENT, **values: int | None) -> Followed:
    known: dict[str, int | None] = {"floor_minor": cost, "current_minor": None, **values}
    return follow_cost(cost, rule, **known)  # type: ignore[arg-type]


def test_a_share_and_an_amount_on_top() -> None:
    assert follow(9000).amount_minor == 9900
    assert follow(9000, CostRule(markup_minor=250)).amount_minor == 9250
    assert follow(9000, CostRule(500, 100)).amount_minor == 9550


def test_it_lands_on_the_grid() -> None:
    assert follow(9001, CostRule(1000, 0, Rounding(10, 0, "up"))).amount_minor == 9910
    assert follow(9001, CostRule(1000, 0, Rounding(100, 90, "down"))).amount_minor == 9890


def test_rounding_down_never_goes_under_the_floor() -> None:
    assert follow(9950, CostRule(10, 0, Rounding(100, 90, "down"))).amount_minor == 9990


def test_least_and_most() -> None:
    assert follow(1000, CostRule(1000, least_minor=2000)).amount_minor == 2000
    assert follow(9000, CostRule(5000, most_minor=9990)).amount_minor == 9990


def test_an_advertised_minimum_lifts_it() -> None:
    assert follow(9000, floor_minor=10_500).amount_minor == 10_500


def test_a_step_within_a_day_and_the_rest_later() -> None:
    rule = CostRule(1000, step_bp=500)
    first = follow(10_000, rule, current_minor=9900, floor_minor=10_000)
    assert (first.amount_minor, first.target_minor, first.outcome) == (10_395, 11_000, "stepped")
    again = follow(10_000, rule, current_minor=10_395, day_start_minor=9900, floor_minor=10_000)
    assert (again.amount_minor, again.outcome) == (10_395, "stepped")
    next_day = follow(
        10_000, rule, current_minor=10_395, day_start_minor=10_395, floor_minor=10_000
    )
    assert (next_day.amount_minor, next_day.outcome) == (10_914, "stepped")


def test_it_falls_in_steps_too() -> None:
    found = follow(5000, CostRule(1000, step_bp=1000), current_minor=9900)
    assert (found.amount_minor, found.target_minor) == (8910, 5500)


def test_a_floor_outside_the_rails_is_a_breach_and_moves_nothing() -> None:
    for rule in (CostRule(1000, most_minor=9500), CostRule(1000, step_bp=100)):
        found = follow(12_000, rule, current_minor=9900)
        assert (found.amount_minor, found.outcome, found.is_breach) == (9900, "out_of_rails", True)


def test_a_cost_that_jumps_is_not_believed() -> None:
    rule = CostRule(1000, cost_jump_bp=2000)
    found = follow(12_001, rule, current_minor=11_000, cost_before_minor=10_000)
    assert (found.amount_minor, found.outcome) == (11_000, "cost_jump")
    assert follow(12_000, rule, current_minor=11_000, cost_before_minor=10_000).outcome == "set"
    assert follow(1, rule, current_minor=11_000, cost_before_minor=10_000).outcome == "set"


def test_what_fits_is_left_alone() -> None:
    assert follow(9000, current_minor=9900).outcome == "same"


RULES = st.builds(
    lambda bp, minor, step, ending, mode, least, width, day: CostRule(
        bp, minor, Rounding(step, ending % step, mode), least,
        None if width is None else (least or 0) + width, day,
    ),
    st.integers(0, 20_000), st.integers(0, 5_000), st.sampled_from([1, 10, 100]),
    st.integers(0, 99), st.sampled_from(["up", "down", "half"]),
    st.none() | st.integers(0, 20_000), st.none() | st.integers(0, 20_000),
    st.none() | st.integers(1, 10_000),
)  # fmt: skip


@given(RULES, st.integers(0, 30_000), st.integers(0, 10_000), st.none() | st.integers(0, 40_000))
def test_whatever_it_sets_keeps_every_rail(
    rule: CostRule, cost: int, above: int, current: int | None
) -> None:
    floor = max(cost, above)
    found = follow_cost(cost, rule, floor_minor=floor, current_minor=current)
    if found.is_breach:
        assert found.amount_minor == (current or 0)
        return
    amount = found.amount_minor
    assert amount >= floor
    far = None if current is None or rule.step_bp is None else current * rule.step_bp // 10_000
    if far is not None and current is not None:
        # Only the floor may push farther up than a rail would let it; that would be a breach.
        assert amount <= current + far
    if rule.most_minor is not None and far is None:
        assert amount <= rule.most_minor


@given(RULES, st.integers(0, 30_000))
def test_following_twice_is_following_once(rule: CostRule, cost: int) -> None:
    first = follow_cost(cost, rule, floor_minor=cost, current_minor=None)
    if first.is_breach:
        return
    again = follow_cost(cost, rule, floor_minor=cost, current_minor=first.amount_minor)
    assert (again.amount_minor, again.outcome) == (first.amount_minor, "same")
