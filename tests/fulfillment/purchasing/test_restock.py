"""How much to buy, where and why: plain figures in, plain figures out."""

from datetime import date

from fulfillment.purchasing.outlook import LEVELS, Outlook
from fulfillment.purchasing.restock import Proposal, Shelf, Source, propose, usable_units

FIRST = date(2026, 11, 1)


def outlook(a_day: int = 10, days: int = 90) -> Outlook:
    """Exactly so many a day; a higher level wants a tenth more per step."""
    totals = {
        level: tuple(a_day * (n + 1) * (10 + step) // 10 for n in range(days))
        for step, level in enumerate(LEVELS)
    }
    return Outlook(
        "sku", FIRST, "ets", (float(a_day),) * days, (a_day,) * days, (a_day,) * days, totals
    )


def keys(proposal: Proposal) -> list[str]:
    return [key for key, _ in proposal.reasons]


def test_nothing_is_bought_while_there_is_enough() -> None:
    found = propose(outlook(), Shelf(((None, 500),)), [Source(1, "a", 900, lead_days=3)])
    assert (found.units, found.cash_minor, keys(found)) == (0, 0, ["enough"])
    assert found.runs_out == date(2026, 12, 20)
    # Nine in ten courses sell twelve a day: gone on the 42nd day; three days of way before that.
    assert found.may_run_out == date(2026, 12, 12)
    assert found.buy_by == date(2026, 12, 9)


def test_it_fills_up_to_lead_time_and_review_period() -> None:
    source = Source(1, "a", 900, lead_days=3, review_days=7, service_level=95)
    found = propose(outlook(), Shelf(((None, 30),)), [source])
    # Ten days at the fourth level: 100 + 30 %.
    assert found.units == 130 - 30
    assert found.cash_minor == 100 * 900
    assert keys(found) == ["fill_up"]


def test_what_is_under_way_counts() -> None:
    source = Source(1, "a", 900, lead_days=3, review_days=7)
    assert propose(outlook(), Shelf(((None, 30),), on_order=60), [source]).units == 0
    assert propose(outlook(), Shelf(((None, 10),), on_order=20), [source]).units == 100


def test_packs_and_the_least_quantity_are_kept() -> None:
    source = Source(1, "a", 900, lead_days=3, review_days=7, min_units=150, pack_units=40)
    found = propose(outlook(), Shelf(((None, 30),)), [source])
    assert found.units == 160
    assert keys(found) == ["fill_up", "rounded"]


def test_the_cheapest_that_comes_in_time() -> None:
    slow, fast = Source(1, "slow", 800, lead_days=10), Source(2, "fast", 950, lead_days=1)
    calm = propose(outlook(), Shelf(((None, 200),)), [slow, fast])
    hurry = propose(outlook(), Shelf(((None, 20),)), [slow, fast])
    nobody = propose(outlook(), Shelf(), [slow, Source(3, "week", 700, lead_days=7)])
    assert calm.source == slow
    assert hurry.source == fast
    assert nobody.source is not None
    assert nobody.source.supplier == "week"
    assert nobody.runs_out == FIRST


def test_without_a_source_it_says_so() -> None:
    found = propose(outlook(), Shelf(((None, 5),)), [])
    assert found.source is None
    assert keys(found) == ["no_source"]
    assert found.runs_out == FIRST


def test_what_would_expire_unsold_is_not_bought() -> None:
    # Five days of validity, one of them unsold, three of way: 70 will sell until then.
    source = Source(1, "a", 900, lead_days=3, review_days=30, shelf_days=5, pack_units=10)
    found = propose(outlook(), Shelf(((None, 20),)), [source])
    assert found.units == 50
    assert keys(found)[-1] == "less_by_expiry"
    bulk = Source(1, "a", 900, lead_days=3, review_days=30, shelf_days=5, min_units=100)
    refused = propose(outlook(), Shelf(((None, 20),)), [bulk])
    assert refused.units == 0
    assert keys(refused)[-1] == "would_expire"


def test_what_lies_there_and_expires_is_not_counted_as_stock() -> None:
    lots = ((date(2026, 11, 3), 100), (date(2026, 11, 30), 50), (None, 5))
    # Two days sell 20 of the first lot; the others last long enough.
    assert usable_units(outlook(), lots) == (75, 80)
    found = propose(outlook(), Shelf(lots), [Source(1, "a", 900)])
    assert found.lost == 80
    assert keys(found)[0] == "expires_unsold"


def test_goods_that_do_not_sell_are_not_bought() -> None:
    found = propose(outlook(a_day=0), Shelf(), [Source(1, "a", 900, min_units=100)])
    assert (found.units, found.runs_out) == (0, FIRST)
