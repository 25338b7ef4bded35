"""Files that leave the house: no cell runs in a spreadsheet, and only who may see the rows gets them."""

import csv
import io

import openpyxl
import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from import_export.admin import ExportMixin

from catalog.importing.rows import BadRow, parse_row, read_lines
from catalog.models import Sku
from core.crypto import ensure_data_key
from tests.factories.accounts import make_staff
from tests.factories.catalog import make_sku

pytestmark = pytest.mark.django_db
RUNS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
EVIL = [f"{sign}HYPERLINK(1)" for sign in RUNS]


@pytest.fixture
def skus() -> list[Sku]:
    ensure_data_key()
    made = []
    for text in EVIL:
        sku = make_sku()
        product = sku.product
        Sku.objects.filter(pk=sku.pk).update(name=text, name_en=text)
        type(product).objects.filter(pk=product.pk).update(name=text, guide=text, guide_en=text)
        made.append(sku)
    return made


def exported(title: str) -> bytes:
    client = Client()
    client.force_login(make_staff("operator"))
    url = reverse("admin:catalog_sku_export")
    formats = dict(client.get(url).context["form"].fields["format"].choices)
    key = next(key for key, name in formats.items() if name == title)
    answer = client.post(url, {"format": key, "resource": ""})
    assert answer.status_code == 200
    return answer.content


def test_no_cell_of_the_csv_runs(skus: list[Sku]) -> None:
    rows = list(csv.reader(io.StringIO(exported("csv").decode("utf-8-sig"), newline="")))
    assert len(rows) > len(EVIL)
    assert not [cell for row in rows for cell in row if cell.startswith(RUNS)]
    assert "98.50" in rows[1]


def test_no_cell_of_the_workbook_runs(skus: list[Sku]) -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(exported("xlsx"))).worksheets[0]
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert not [cell.value for cell in cells if cell.data_type == "f"]
    assert not [cell.value for cell in cells if str(cell.value or "").startswith(RUNS)]


def test_what_was_made_harmless_is_refused_by_its_own_name_when_it_comes_back(
    skus: list[Sku],
) -> None:
    text = exported("csv")
    cells = next(cells for _number, cells in read_lines(text) if cells["sku"] == EVIL[0])
    with pytest.raises(BadRow):
        parse_row(1, cells)


def test_every_export_of_the_back_office_is_known_here() -> None:
    """A new one has to be looked at for its cells and its permission."""
    found = {
        model._meta.label
        for model, desk in admin.site._registry.items()
        if isinstance(desk, ExportMixin)
    }
    # A bundle is a SKU: its desk inherits the same columns and the same question of who may.
    assert found == {"catalog.Sku", "catalog.Bundle"}


def test_staff_without_sight_of_the_rows_do_not_export(skus: list[Sku]) -> None:
    client = Client()
    client.force_login(make_staff("operator"))
    assert client.get(reverse("admin:catalog_sku_export")).status_code == 200
    nobody = make_staff("operator")
    nobody.staff_roles.all().delete()
    client.force_login(nobody)
    assert client.get(reverse("admin:catalog_sku_export")).status_code in (302, 403)
