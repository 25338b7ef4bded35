from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from catalog.importing.plan import ADDED, CHANGED, REFUSED, SAME
from catalog.importing.rows import COLUMNS
from catalog.models import Brand, Price, Product, SearchToken, Sku
from catalog.services.import_catalogue import import_catalogue
from catalog.services.set_price import set_price
from core.invariants import INVARIANTS, check
from core.models import AuditEntry
from core.transitions import history
from tests.catalog.importing.test_rows import GOOD, file_of
from tests.factories import catalog as make

CATALOGUE = Path(__file__).resolve().parents[3] / "demo" / "data" / "catalogue.csv"


def take(content: bytes, now: datetime, *, dry_run: bool = False) -> dict[str, int]:
    make.base()
    return import_catalogue(content=content, now=now, acting="system", dry_run=dry_run).counts


@pytest.mark.django_db
def test_the_whole_catalogue(now: datetime) -> None:
    content = CATALOGUE.read_bytes()
    assert take(content, now, dry_run=True) == {ADDED: 141, CHANGED: 0, SAME: 0, REFUSED: 0}
    assert Sku.objects.count() == 0
    assert take(content, now) == {ADDED: 141, CHANGED: 0, SAME: 0, REFUSED: 0}
    audited = AuditEntry.objects.count()
    assert take(content, now) == {ADDED: 0, CHANGED: 0, SAME: 141, REFUSED: 0}
    assert AuditEntry.objects.count() == audited
    assert (Sku.objects.count(), Price.objects.count()) == (141, 141)
    vouchers = Product.objects.filter(product_type__delivery_kind="voucher")
    assert set(vouchers.values_list("state", flat=True)) == {"paused"}
    assert set(Product.objects.exclude(pk__in=vouchers).values_list("state", flat=True)) == {
        "on_sale"
    }
    assert set(Sku.objects.filter(stock_mode="pool").values_list("availability", flat=True)) == {
        "out"
    }
    month = Sku.objects.get(code="IQY-GOLD-M")
    assert (month.cost_minor, month.market_price_minor, month.prices.get().amount_minor) == (
        1650,
        3000,
        1990,
    )
    assert [row.became for row in history(month.product.public_id)] == ["on_sale"]
    assert SearchToken.objects.filter(product=month.product).exists()
    assert Brand.objects.get(name="爱奇艺").hue == 145
    mine = [each for key, each in INVARIANTS.all().items() if key.startswith("INV-K")]
    assert [str(check(each, now=now)) for each in mine if check(each, now=now)] == []


@pytest.mark.django_db
def test_changes_are_named_and_made(now: datetime) -> None:
    take(file_of(GOOD), now)
    changed = {**GOOD, "price_cny": "18.80", "sku_en": "One month", "tags": ""}
    plan = import_catalogue(content=file_of(changed), now=now, acting="system", dry_run=True)
    (verdict,) = plan.verdicts
    assert verdict.outcome == CHANGED
    assert all(name in verdict.reason for name in ("price_cny", "sku_en", "tags"))
    take(file_of(changed), now)
    sku = Sku.objects.get()
    assert (sku.name_en, sku.prices.get().amount_minor, sku.product.tags.count()) == (
        "One month",
        1880,
        0,
    )
    assert take(file_of(changed), now)[SAME] == 1


@pytest.mark.django_db
def test_a_price_set_by_hand_survives(now: datetime) -> None:
    take(file_of(GOOD), now)
    price = Price.objects.get()
    set_price(
        sku_id=price.sku_id,
        price_list_id=price.price_list_id,
        amount_minor=1750,
        by_hand=True,
        now=now,
        acting="user:x",
    )
    assert take(file_of({**GOOD, "sku_en": "One month"}), now)[CHANGED] == 1
    assert Price.objects.get().amount_minor == 1750
    assert take(file_of({**GOOD, "sku_en": "One month"}), now)[SAME] == 1


@pytest.mark.django_db
def test_bad_lines_are_left_out_and_good_ones_taken(now: datetime) -> None:
    take(file_of(GOOD), now)
    other = {**GOOD, "sku_code": "IQY-GOLD-Y", "sku": "年卡", "sku_en": "Annual"}
    plan = import_catalogue(
        content=file_of(
            GOOD,
            other,
            {**other, "sku": "再一张"},
            {**GOOD, "sku_code": "NEW-1", "type": "hologram"},
            {**GOOD, "product": "别的商品", "product_en": "Else"},
            {**GOOD, "sku_code": "NEW-2", "input_fields": "qq"},
            {**GOOD, "sku_code": "NEW-3", "category": "别的分类"},
            {**GOOD, "sku_code": "NEW-4", "price_cny": "1.00"},
        ),
        now=now,
        acting="system",
    )
    assert [verdict.outcome for verdict in plan.verdicts] == [SAME, ADDED, *[REFUSED] * 6]
    assert all(verdict.reason for verdict in plan.verdicts if verdict.outcome == REFUSED)
    assert set(Sku.objects.values_list("code", flat=True)) == {"IQY-GOLD-M", "IQY-GOLD-Y"}


@pytest.mark.django_db
def test_a_state_set_by_people_is_kept(now: datetime) -> None:
    from catalog.services.change_state import change_state

    take(file_of(GOOD), now)
    change_state(product_id=Product.objects.get().pk, to="paused", now=now, acting="user:x")
    take(file_of({**GOOD, "price_cny": "18.00"}), now)
    assert Product.objects.get().state == "paused"


@pytest.mark.django_db
def test_the_export_comes_in_again_unchanged(now: datetime) -> None:
    import csv

    from catalog.admin.export import cells_of

    take(CATALOGUE.read_bytes(), now)
    out = StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerows(cells_of(sku) for sku in Sku.objects.all())
    assert take(out.getvalue().encode(), now) == {ADDED: 0, CHANGED: 0, SAME: 141, REFUSED: 0}


def test_the_command(committed: None, tmp_path: Path) -> None:
    file = tmp_path / "goods.csv"
    file.write_bytes(file_of(GOOD, {**GOOD, "sku_code": "x"}))
    out = StringIO()
    call_command("import_catalogue", str(file), "--dry-run", stdout=out)
    assert "dry run: 1 added, 0 changed, 0 same, 1 refused" in out.getvalue()
    assert not Sku.objects.exists()
    call_command("import_catalogue", str(file), stdout=out)
    assert Sku.objects.count() == 1
    file.write_bytes(b"nonsense")
    with pytest.raises(CommandError):
        call_command("import_catalogue", str(file), stdout=out)
    with pytest.raises(CommandError):
        call_command("import_catalogue", str(tmp_path / "nowhere.csv"), stdout=out)
