"""The file of bundles: every line is judged, what is sound is written, and once."""

from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from catalog.models import BundleGroup, Price, Product, Sku
from catalog.queries import offer
from catalog.search.find import Filters, find
from catalog.services.import_bundles import import_bundles
from core.invariants import check_all
from core.models import AuditEntry
from demo.places import BUNDLES
from tests.factories import catalog as make

pytestmark = pytest.mark.django_db
HEAD = "bundle_code,bundle,bundle_en,price_cny,rule,parts\n"
GOOD = "BUN-A,周末包,Weekend,36.90,fixed,GOLD x1; MEAL x2"
PICK = "BUN-P,任选二,Pick two,35.00,choose 2 of,GOLD; MEAL; CARD"


@pytest.fixture(autouse=True)
def _parts() -> None:
    for code, price, cost in (("GOLD", 1990, 1650), ("MEAL", 660, 520), ("CARD", 2100, 1780)):
        make.make_sku(kind="topup", code=code, price_minor=price, cost_minor=cost)


def run(*lines: str, now: datetime, dry_run: bool = False) -> list[tuple[str, str]]:
    plan = import_bundles(
        content=(HEAD + "\n".join(lines)).encode(), now=now, acting="system", dry_run=dry_run
    )
    make.fresh()
    return [(verdict.sku_code, verdict.outcome) for verdict in plan.verdicts]


def contents(code: str) -> list[tuple[int | None, list[tuple[str, int]]]]:
    return [
        (group.choose, [(part.sku.code, part.quantity) for part in group.parts.all()])
        for group in BundleGroup.objects.filter(bundle__code=code)
    ]


def test_fixed_and_chosen_come_in(now: datetime) -> None:
    assert run(GOOD, PICK, now=now) == [("BUN-A", "added"), ("BUN-P", "added")]
    assert contents("BUN-A") == [(None, [("GOLD", 1), ("MEAL", 2)])]
    assert contents("BUN-P") == [(2, [("GOLD", 1), ("MEAL", 1), ("CARD", 1)])]
    assert Sku.objects.get(code="BUN-A").name == "3件"
    assert Sku.objects.get(code="BUN-P").name_en == "2 of 3"
    found = offer("BUN-P", make.channel(), now)
    assert found is not None
    assert (found.unit_minor, found.cost_minor, found.state_ok) == (3500, 3430, True)
    assert check_all(now=now, only="INV-K") == []


def test_some_fixed_and_some_chosen(now: datetime) -> None:
    mixed = "BUN-M,餐加任选一,Meals and one,31.00,fixed | choose 1 of,MEAL x2 | GOLD; CARD"
    assert run(mixed.replace("31.00", "28.19"), now=now) == [("BUN-M", "refused")], "1780 + 2 x 520"
    assert run(mixed, now=now) == [("BUN-M", "added")]
    assert run(mixed, now=now) == [("BUN-M", "same")]
    assert contents("BUN-M") == [(None, [("MEAL", 2)]), (1, [("GOLD", 1), ("CARD", 1)])]
    assert Sku.objects.get(code="BUN-M").name_en == "2 goods + 1 of 2"
    assert (
        run(mixed.replace("fixed | choose 1 of", "choose 1 of | fixed"), now=now)[0][1] == "refused"
    )
    assert run(mixed.replace("x2 |", "x3 |"), now=now) == [("BUN-M", "refused")]
    assert run(mixed.replace("31.00", "34.00").replace("x2 |", "x3 |"), now=now)[0][1] == "changed"
    assert check_all(now=now, only="INV-K") == []


def test_again_changes_nothing(now: datetime) -> None:
    run(GOOD, PICK, now=now)
    before = AuditEntry.objects.count()
    assert run(GOOD, PICK, now=now) == [("BUN-A", "same"), ("BUN-P", "same")]
    assert AuditEntry.objects.count() == before


def test_judging_writes_nothing(now: datetime) -> None:
    assert run(GOOD, now=now, dry_run=True) == [("BUN-A", "added")]
    assert not Sku.objects.filter(code="BUN-A").exists()


def test_what_changed_is_changed(now: datetime) -> None:
    run(GOOD, now=now)
    assert run(GOOD.replace("36.90", "38.00").replace("x2", "x3"), now=now) == [
        ("BUN-A", "changed")
    ]
    assert contents("BUN-A") == [(None, [("GOLD", 1), ("MEAL", 3)])]
    assert Price.objects.get(sku__code="BUN-A").amount_minor == 3800
    assert Product.objects.filter(name="周末包").count() == 1


def test_dearer_contents_come_with_their_price_or_not_at_all(now: datetime) -> None:
    run(GOOD, now=now)
    dear = "BUN-A,周末包,Weekend,{},fixed,GOLD x3; MEAL x2"
    assert run(dear.format("59.89"), now=now) == [("BUN-A", "refused")]
    assert run(dear.format("59.90"), now=now) == [("BUN-A", "changed")]
    assert check_all(now=now, only="INV-K") == []


def test_a_price_set_by_hand_stays(now: datetime) -> None:
    run(GOOD, now=now)
    Price.objects.filter(sku__code="BUN-A").update(is_locked=True, amount_minor=4000)
    assert run(GOOD, now=now) == [("BUN-A", "same")]
    assert run(GOOD.replace("MEAL x2", "MEAL x5"), now=now) == [("BUN-A", "refused")]
    assert run(GOOD.replace("MEAL x2", "MEAL x3"), now=now) == [("BUN-A", "changed")]
    assert Price.objects.get(sku__code="BUN-A").amount_minor == 4000


@pytest.mark.parametrize(
    "line",
    [
        GOOD.replace("36.90", "26.89"),
        GOOD.replace("36.90", ""),
        GOOD.replace("36.90", "-1"),
        GOOD.replace("fixed", "some"),
        GOOD.replace("fixed", "choose 2 of"),
        GOOD.replace("MEAL x2", "NOTHING x1"),
        GOOD.replace("MEAL x2", "GOLD x1"),
        GOOD.replace("; MEAL x2", ""),
        GOOD.replace("fixed", "fixed | choose 1 of"),
        GOOD.replace("; MEAL", " | MEAL"),
        GOOD.replace("fixed", "fixed | fixed").replace("; MEAL x2", " |"),
        GOOD.replace("x2", "x99"),
        GOOD.replace("BUN-A", "GOLD"),
        GOOD.replace("BUN-A", "=A1"),
        GOOD.replace("周末包", ""),
        PICK.replace("35.00", "34.29"),
    ],
)
def test_a_bad_line_is_left_out(now: datetime, line: str) -> None:
    # The cost is 16.50 + 2 x 5.20; of the choice the dearest two cost 34.30.
    other = GOOD.replace("BUN-A", "BUN-Z")
    assert run(line, other, now=now)[0][1] == "refused"
    assert Sku.objects.filter(code="BUN-Z").exists()
    assert check_all(now=now, only="INV-K") == []


def test_a_bundle_in_a_bundle_is_refused(now: datetime) -> None:
    run(GOOD, now=now)
    nested = GOOD.replace("BUN-A", "BUN-N").replace("GOLD x1", "BUN-A x1").replace("36.90", "99.00")
    assert run(nested, nested, now=now) == [("BUN-N", "refused"), ("BUN-N", "refused")]


def test_it_is_found_by_its_name_and_by_what_is_inside(now: datetime) -> None:
    run(GOOD, now=now)
    gold = Sku.objects.get(code="GOLD").product
    for words in ("周末包", "weekend", gold.name):
        slugs = [
            page.slug for page in find(words, Filters(), channel=make.channel(), now=now).items
        ]
        assert "weekend" in slugs


def test_the_command_says_what_it_did(tmp_path: Path) -> None:
    file = tmp_path / "bundles.csv"
    file.write_text(f"{HEAD}{GOOD}\n{GOOD.replace('36.90', '1.00')}\n")
    said = StringIO()
    call_command("import_bundles", file, dry_run=True, stdout=said)
    assert "dry run: 1 added, 0 changed, 0 same, 1 refused" in said.getvalue()
    assert "3: BUN-A refused" in said.getvalue()


def test_the_demos_file_is_sound(now: datetime) -> None:
    assert len(BUNDLES.read_text().splitlines()) == 6
