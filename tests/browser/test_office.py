"""The back office in a browser: one signs in with a second factor, sees, imports, asks; another agrees."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser import acts
from tests.browser.people import Office, Staff
from tests.house import House


def test_the_first_page_says_what_waits(office: Office) -> None:
    page = office("operator")
    expect(page.locator(".desk-figure")).to_have_count(3)
    expect(page.locator("#nav-sidebar-apps")).to_be_visible()
    page.locator("#nav-sidebar-apps a[href$='/admin/orders/order/']").click()
    expect(page.locator("#result_list, .result-list, form#changelist-form").first).to_be_visible()


def test_an_operator_reads_the_whole_way_of_an_order(phone: Page, office: Office) -> None:
    order = acts.buy(phone, acts.CARD, "JD-E-50", contact="13900139010")
    acts.delivered(phone)
    secret = phone.locator(f".unit {acts.CODE}").nth(1).inner_text()
    page = office("operator")
    page.goto(f"/admin/orders/order/?q={order}")
    page.locator("#result_list tbody a, .result-list tbody a").first.click()
    expect(page.locator("body")).to_contain_text("payment.succeeded")
    expect(page.locator("body")).to_contain_text("待付款 → 已付款")
    assert secret not in page.content()


def test_an_operator_imports_a_file_and_reads_every_verdict(
    office: Office, tmp_path: Path, shop: House
) -> None:
    file = tmp_path / "fresh.txt"
    lines = [f"77{n:014d} BRWS-{n:04d}-AAAA-BBBB" for n in range(40)]
    file.write_text("\n".join([*lines, lines[0], "only-one-word", "=cmd|' /C calc'!A0 x"]))
    page = office("operator")
    page.goto("/admin/fulfillment/codebatch/add/")
    page.locator("[name=sku]").select_option(label="HEMA-CARD-200")
    page.locator("[name=file]").set_input_files(file)
    page.locator("form [type=submit]").last.click()
    page.wait_for_url(re.compile(r"/codebatch/\d+/change/"))
    expect(page.locator("a[href$='/start/act/']")).to_be_visible(timeout=60_000)
    expect(page.locator("body")).to_contain_text("43")
    page.locator("a[href$='/start/act/']").click()
    page.locator("main form button, #content form button").first.click()
    page.wait_for_url(re.compile(r"/codebatch/\d+/change/"))
    expect(page.locator("a[href$='/freeze/act/']")).to_be_visible(timeout=60_000)
    counted = (
        "select accepted, duplicate, rejected from fulfillment_codebatch order by id desc limit 1"
    )
    assert shop.sql(counted) == [(40, 1, 2)]


def test_an_export_takes_a_second_person(office: Office, shop: House, staff: Staff) -> None:
    page = office("operator")
    page.goto("/admin/fulfillment/codebatch/?q=SQ-CARD-30")
    page.locator("#result_list tbody a, .result-list tbody a").first.click()
    page.locator("a[href$='/export/act/']").click()
    page.locator("[name=rows]").fill("3")
    page.locator("[name=why]").fill("sample for the brand")
    page.locator("#content form button").first.click()
    asked = (
        "select count(*) from core_approval where state = 'requested' and action like '%%export%%'"
    )
    acts.until(page, shop, asked, [(1,)])
    number = shop.sql("select id from core_approval where state = 'requested' order by id desc")[0][
        0
    ]
    page.goto(f"/admin/core/approval/{number}/change/")
    expect(page.locator("a[href*='/agree/']")).to_have_count(0)

    other = office("owner")
    other.goto(f"/admin/core/approval/{number}/change/")
    other.locator("a[href*='/agree/']").click()
    code = other.locator("[name=code]")
    if code.count():
        # Somebody who signed in minutes ago shows the second factor once more.
        code.fill(staff.code())
    other.locator("#content form button").first.click()
    acts.until(other, shop, asked, [(0,)])
    assert shop.sql("select rows from fulfillment_codeexport") == [(3,)]


def test_an_auditor_sees_and_may_not_act(office: Office) -> None:
    page = office("auditor")
    page.goto("/admin/core/auditentry/")
    expect(page.locator("#content")).to_be_visible()
    page.goto("/admin/fulfillment/codebatch/add/")
    expect(page.locator("body")).to_contain_text("403")
