"""What to buy, in a browser: a proposal becomes a purchase, a file comes, and the stock rises."""

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser import acts
from tests.browser.people import Office
from tests.house import House

SKU = "HEMA-CARD-500"
# Nothing of it in stock, and two months in which it sold about six a day.
HISTORY = """
import django; django.setup()
from catalog.models import Sku
from core import clock
from fulfillment.models import DailyDemand, Forecast, PurchaseSource, Supplier
from fulfillment.services.purchasing.refresh_forecasts import refresh_forecasts
from tests.factories.purchasing import make_history
sku = Sku.objects.get(code="HEMA-CARD-500")
DailyDemand.objects.filter(sku=sku).delete(); Forecast.objects.filter(sku=sku).delete()
supplier, _ = Supplier.objects.get_or_create(code="wholesale", defaults={"name": "卡券批发"})
PurchaseSource.objects.get_or_create(
    sku=sku, supplier=supplier, defaults={"cost_minor": 48000, "lead_days": 2, "pack_units": 10})
make_history(sku, [5, 6, 5, 6, 7, 8, 7] * 9)
refresh_forecasts(now=clock.now())
"""
FREE = (
    "select count(*) from fulfillment_code c join catalog_sku s on s.id = c.sku_id"
    f" where s.code = '{SKU}' and c.state = 'available'"
)


def test_a_proposal_becomes_stock(office: Office, shop: House, tmp_path: Path) -> None:
    made = shop.run("-c", HISTORY)
    assert made.returncode == 0, made.stderr
    page = office("operator")
    page.goto("/admin/fulfillment/purchase/")
    page.get_by_text("补货建议").first.click()
    card = page.locator(".buy-row", has_text=SKU)
    expect(card.locator("svg.buy-chart polyline")).to_have_count(2)
    expect(card.locator("[name=buy]")).to_be_checked()
    proposed = int(card.locator("input[type=number]").input_value())
    assert proposed >= 40
    card.locator("input[type=number]").fill("60")
    for other in page.locator(".buy-row [name=buy]:checked").all():
        if SKU not in other.locator("xpath=ancestor::section").inner_text():
            other.uncheck()
    page.locator(".buy-bar button").click()
    page.wait_for_url(re.compile(r"/purchase/\d+/change/"))
    page.locator("a[href$='/order/act/']").click()
    page.locator("[name=their_no]").fill("PF-2026-11")
    page.locator("#content form button, main form button").first.click()
    expect(page.locator("body")).to_contain_text("PF-2026-11")

    before = shop.sql(FREE)[0][0]
    file = tmp_path / "hema.txt"
    file.write_text("\n".join(f"66{n:014d} HEMA-{n:04d}-BUYS-{n:04d}" for n in range(60)))
    page.get_by_text("接收文件").first.click()
    page.locator("[name=file]").set_input_files(file)
    page.locator("form [type=submit]").last.click()
    page.wait_for_url(re.compile(r"/codebatch/\d+/change/"))
    expect(page.locator("a[href$='/freeze/act/']")).to_be_visible(timeout=60_000)
    assert shop.sql(FREE)[0][0] == before + 60

    page.goto("/admin/fulfillment/purchase/")
    page.locator("#result_list tbody a, .result-list tbody a").first.click()
    expect(page.locator("body")).to_contain_text("已收货")
    page.locator("a[href$='/close/act/']").click()
    page.locator("#content form button, main form button").first.click()
    newest = "select state from fulfillment_purchase order by id desc limit 1"
    acts.until(page, shop, newest, [("closed",)])
    page.goto("/admin/fulfillment/purchase/stock/")
    expect(page.locator("table")).to_contain_text(SKU)
