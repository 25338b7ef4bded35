"""The main pages of the back office, with something on every one of them."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import BrowserContext, Page, expect

from simulators.supplier_c.script import Supplier
from tests.browser import acts
from tests.browser.stories import enter_office
from tests.browser.studio import DARK_DESKTOP, DESKTOP_LOOK, PHONE_LOOK, Studio

WIDE = (DESKTOP_LOOK,)
STUCK = "13600136000"
ROWS = "#result_list tbody th a, #result_list tbody td a"


def office(studio: Studio, supplier: Supplier) -> None:
    """A day at the desks."""
    studio.chapter = "Back office"
    operator, owner = enter_office(studio, "operator"), enter_office(studio, "owner")
    page = operator.new_page()
    _leave_something_open(studio, supplier)
    _import(studio, page)
    _ask_for_export(page)
    _lists(studio, owner)
    _records(studio, owner, page)


def _leave_something_open(studio: Studio, supplier: Supplier) -> None:
    """A top-up that the supplier sits on."""
    supplier.fault("stuck", op="order", match={"account": STUCK})
    page = studio.person().new_page()
    acts.buy(page, acts.TOP_UP, "IQY-GOLD-Q", contact="13900139009", phone=STUCK)
    expect(page.locator(".unit[data-state=dispatched]")).to_be_visible(timeout=60_000)


def _import(studio: Studio, page: Page) -> None:
    """A large file, pictured on its way."""
    studio.take(
        "office-import",
        "Uploading codes",
        "/admin/fulfillment/codebatch/add/",
        by=page.context,
        looks=WIDE,
    )
    with TemporaryDirectory() as folder:
        file = Path(folder) / "STEAM-50-2026-11.txt"
        bad = ["STEAM-ONLY-A-NUMBER", "=HYPERLINK(1) X1Y2-Z3", ""]
        lines = (f"88{n:014d} SHOT-{n % 9973:04d}-{n:06d}-WXYZ" for n in range(150_000))
        file.write_text("\n".join([*bad, *lines]))
        page.goto("/admin/fulfillment/codebatch/add/")
        page.locator("[name=sku]").select_option(label="STEAM-50")
        page.locator("[name=file]").set_input_files(file)
        page.locator("form [type=submit]").last.click()
        page.wait_for_url(re.compile(r"/codebatch/\d+/change/"))
    for _ in range(200):
        moving = re.search(r"(\d+) %", page.locator("#content, main").first.inner_text())
        if moving and 15 < int(moving.group(1)) < 95:
            break
        page.wait_for_timeout(300)
        page.reload()
    studio.keep(page, "office-import-progress", "An import on its way", DESKTOP_LOOK, whole=False)
    expect(page.locator("a[href$='/start/act/']")).to_be_visible(timeout=120_000)


def _ask_for_export(page: Page) -> None:
    page.goto("/admin/fulfillment/codebatch/?q=SQ-CARD-30")
    page.locator(ROWS).first.click()
    page.locator("a[href$='/export/act/']").click()
    page.locator("[name=rows]").fill("20")
    page.locator("[name=why]").fill("品牌方抽检样卡")
    page.locator("#content form button").first.click()


def _lists(studio: Studio, owner: BrowserContext) -> None:
    looks = (DESKTOP_LOOK, DARK_DESKTOP, PHONE_LOOK)
    studio.take("office-today", "Today", "/admin/", by=owner, looks=looks)
    for name, title, path in (
        ("orders", "Orders", "orders/order/"),
        ("payments", "Payments", "orders/payment/"),
        ("deliveries", "Deliveries", "fulfillment/delivery/"),
        ("batches", "Batches of codes", "fulfillment/codebatch/"),
        ("codes", "The vault: never a code in clear", "fulfillment/code/"),
        ("suppliers", "Suppliers", "fulfillment/supplier/"),
        ("supply-health", "Suppliers' health, live", "fulfillment/routepolicy/health/"),
        ("shares", "Shares of pools", "fulfillment/poolshare/"),
        ("promotions", "Promotions", "orders/promotion/"),
        ("promotion-calendar", "What runs when", "orders/promotion/calendar/"),
        ("restock", "What to buy, and why", "fulfillment/purchase/restock/"),
        ("consignments", "With outside channels", "fulfillment/consignment/"),
        ("alerts", "Alerts", "fulfillment/alert/"),
        ("editions", "Numbered editions", "fulfillment/edition/"),
        ("certificates", "Whose each number is", "fulfillment/certificate/"),
        ("redemptions", "What was redeemed", "fulfillment/redemption/"),
        ("merchants", "Merchants", "fulfillment/merchant/"),
        ("voucher-terms", "What vouchers are good for", "fulfillment/voucherterms/"),
        ("reconciliation", "Reconciliation", "core/comparison/"),
        ("products", "Products", "catalog/product/"),
        ("skus", "SKUs", "catalog/sku/"),
        ("pages", "Pages made of blocks", "catalog/page/"),
        ("approvals", "Approvals by two persons", "core/approval/"),
        ("audit", "Audit", "core/auditentry/"),
        ("switches", "Switches", "core/switchstate/"),
        ("health", "Workers and queues", "core/heartbeat/"),
        ("ledger", "Ledger", "core/journal/"),
        ("accounts", "Accounts and balances", "core/ledgeraccount/"),
        ("risk", "Assessments", "risk/assessment/"),
    ):
        studio.take(f"office-{name}", title, f"/admin/{path}", by=owner, looks=WIDE, whole=False)


def _records(studio: Studio, owner: BrowserContext, page: Page) -> None:
    """Single records: an order with its timeline, a product, a batch's verdicts, an approval, a trace."""
    order = first_of(owner, "/admin/orders/order/?state__exact=delivered")
    studio.take(
        "office-order", "An order and everything that happened to it", order, by=owner, looks=WIDE
    )
    product = first_of(owner, "/admin/catalog/product/")
    studio.take("office-product", "A product and its SKUs", product, by=owner, looks=WIDE)
    campaign = first_of(owner, "/admin/catalog/page/?q=weekend")
    studio.take("office-page", "A page and its blocks in order", campaign, by=owner, looks=WIDE)
    batch = first_of(owner, "/admin/fulfillment/codebatch/?q=NE-CARD-50")
    studio.take("office-batch", "A verdict for every line", batch, by=owner, looks=WIDE)
    approval = first_of(owner, "/admin/core/approval/?state__exact=requested")
    studio.take("office-approval", "What exactly is agreed to", approval, by=owner, looks=WIDE)
    journal = first_of(owner, "/admin/core/journal/?kind__exact=payment.succeeded")
    studio.take("office-journal", "One business event in the books", journal, by=owner, looks=WIDE)
    here = owner.new_page()
    here.goto(order)
    number = re.search(r"ord_[0-9A-Z]{16}", here.content())
    assert number
    trace = f"/admin/fulfillment/delivery/trace/?q={number.group()}"
    studio.take("office-trace", "The whole chain of any id", trace, by=owner, looks=WIDE)


def first_of(owner: BrowserContext, path: str) -> str:
    """Address of the first record of a list."""
    page = owner.new_page()
    page.goto(path)
    found = page.locator("#result_list tbody a[href*='/change/']").first.get_attribute("href")
    page.close()
    assert found, path
    return found.split("?")[0]
