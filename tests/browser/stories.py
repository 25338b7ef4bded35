"""What is done in the shop so that there is something to see, and which pages are pictured on the way."""

from playwright.sync_api import BrowserContext, Page, expect

from demo.people import SHOPPERS, STAFF, password, totp_code
from simulators.supplier_c.script import Supplier
from tests.browser import acts
from tests.browser.studio import (
    BOTH,
    DARK,
    DESKTOP_LOOK,
    ENGLISH,
    PHONE_LOOK,
    Studio,
)

BUYER = "13900139000"
TOPPED_UP = "13812345678"
SLOW = "13700137000"


def shelves(studio: Studio) -> None:
    """What a visitor sees before buying."""
    studio.chapter = "The shop"
    studio.take("home", "Home", "/", looks=(*BOTH, DARK, ENGLISH))
    studio.take("campaign", "A campaign page made of blocks", "/page/weekend/", looks=(*BOTH, DARK))
    studio.take("category", "Category", "/c/video/")
    studio.take("search", "Search by pinyin", "/search/?q=jingdong")
    studio.take("search-empty", "Nothing found", "/search/?q=zzzzzz", looks=(PHONE_LOOK,))
    studio.take("product", "Product", "/p/jd-e-card/?sku=JD-E-100", looks=(*BOTH, DARK))
    studio.take("product-topup", "Top-up of a phone number", "/p/iqiyi-gold-vip/?sku=IQY-GOLD-M")
    studio.take("product-sold-out", "Sold out", "/p/jd-e-card/?sku=JD-E-1000")


def buying(studio: Studio, supplier: Supplier) -> None:
    """A guest fills a cart, pays, waits and has it."""
    studio.chapter = "Buying"
    guest = studio.person()
    page = guest.new_page()
    studio.take("cart-empty", "Empty cart", "/cart/", looks=(PHONE_LOOK,))
    _fill_cart(page)
    studio.take("cart", "Cart", "/cart/", by=guest)
    studio.take("checkout", "Checkout", "/checkout/", by=guest, looks=(*BOTH, ENGLISH))
    studio.take(
        "checkout-error", "An answer that is missing", "/checkout/", by=guest, looks=(PHONE_LOOK,),
        prepare=_send_half,
    )  # fmt: skip
    acts.choose(page, acts.CARD, "JD-E-100", contact=BUYER)
    acts.send(page)
    page.wait_for_url("**/pay?**")
    studio.keep(page, "gateway", "The gateway's page", PHONE_LOOK)
    studio.take("gateway", "The gateway's page", page.url, looks=(DESKTOP_LOOK,))
    order = acts.pay(page)
    acts.delivered(page)
    studio.take(
        "order-delivered", "The code, in the moment of paying", f"/orders/{order}/", by=guest,
        looks=(*BOTH, DARK, ENGLISH),
    )  # fmt: skip
    _wait(studio, guest, page, supplier)
    _unpaid(studio, guest, page)


def _fill_cart(page: Page) -> None:
    page.goto("/p/iqiyi-gold-vip/?sku=IQY-GOLD-M")
    page.locator("[name=in_phone]").fill(TOPPED_UP)
    page.locator("button[formaction$='/cart/add/']").click()
    page.goto("/p/steam-wallet-code/?sku=STEAM-100")
    page.locator("#buy [data-step='1']").click()
    page.locator("button[formaction$='/cart/add/']").click()
    page.wait_for_url("**/cart/")


def _send_half(page: Page) -> None:
    page.locator("#place").evaluate("form => { form.noValidate = true; }")
    page.locator("[name=contact]").fill("139001390")
    page.locator(".buybar button, .desk").locator("visible=true").first.click()
    expect(page.locator(".error").first).to_be_visible()


def _wait(studio: Studio, guest: BrowserContext, page: Page, supplier: Supplier) -> None:
    """A supplier that takes its time, then delivers."""
    supplier.fault("stuck", op="order", match={"account": SLOW})
    order = acts.buy(page, acts.TOP_UP, "IQY-GOLD-M", contact=BUYER, phone=SLOW)
    expect(page.locator(".unit[data-state=dispatched]")).to_be_visible(timeout=60_000)
    studio.take("order-waiting", "On its way", f"/orders/{order}/", by=guest)
    external = supplier.orders(account=SLOW)[-1]["external_id"]
    supplier.finish(external, "COMPLETED")
    acts.delivered(page)
    studio.take("order-topped-up", "Topped up", f"/orders/{order}/", by=guest)


def _unpaid(studio: Studio, guest: BrowserContext, page: Page) -> None:
    acts.choose(page, acts.CARD, "JD-E-200", contact=BUYER)
    acts.send(page)
    page.locator("button[value=cancel]").click()
    page.wait_for_url(acts.ORDER_ID)
    order = acts.order_of(page)
    studio.take("order-unpaid", "Not paid yet", f"/orders/{order}/", by=guest)
    studio.take("pay", "Paying later", f"/orders/{order}/pay/", by=guest)
    page.goto(f"/orders/{order}/")
    page.locator("form[action$='/cancel/'] button").click()
    studio.take("order-closed", "Closed", f"/orders/{order}/", by=guest, looks=(PHONE_LOOK,))


def people(studio: Studio) -> None:
    """Signing in, the wallet, and finding an order again."""
    studio.chapter = "People"
    studio.take("lookup", "Find an order", "/lookup/")
    studio.take("sign-in", "Sign in with a code", "/accounts/login/code/")
    studio.take(
        "sign-in-password", "Sign in with a password", "/accounts/login/", looks=(PHONE_LOOK,)
    )
    studio.take("sign-up", "Make an account", "/accounts/signup/", looks=(PHONE_LOOK,))
    shopper = studio.person()
    page = shopper.new_page()
    acts.sign_in(page, SHOPPERS[0].sign_in, password("shopper"))
    for slug, sku in (
        ("jd-e-card", "JD-E-100"), ("walmart-e-card", "WM-CARD-100"), ("nintendo-eshop-card", "NSW-100"),
        ("freshippo-e-card", "HEMA-CARD-100"),
    ):  # fmt: skip
        acts.buy(page, slug, sku)
        acts.delivered(page)
    acts.buy(page, "bilibili-premium", "BILI-VIP-Y", phone=TOPPED_UP)
    acts.delivered(page)
    studio.take("wallet", "Wallet", "/wallet/", by=shopper, looks=(*BOTH, DARK))
    page.goto("/wallet/")
    page.locator(".wallet a[href*='/wallet/ent_']").nth(1).click()
    page.locator("form[data-reveal] button").click()
    expect(page.locator(acts.CODE).first).to_be_visible()
    studio.keep(page, "wallet-detail", "One thing in the wallet", PHONE_LOOK)
    studio.take(
        "wallet-detail", "One thing in the wallet", page.url, by=shopper, looks=(DESKTOP_LOOK,),
        prepare=_reveal,
    )  # fmt: skip
    studio.take("my-orders", "My orders", "/orders/", by=shopper)
    _give(studio, shopper, page)
    studio.take("profile", "Account", "/account/", by=shopper)
    studio.take("not-found", "Nothing here", "/nothing-here/", looks=(*BOTH, ENGLISH))


def _give(studio: Studio, shopper: BrowserContext, page: Page) -> None:
    """A card goes to a friend, who accepts it without an account."""
    acts.choose(page, "jd-e-card", "JD-E-100")
    page.locator("#buy [name=veil]").check()
    acts.send(page)
    acts.pay(page)
    acts.delivered(page)
    page.locator(".unit a[href*='/wallet/ent_']").click()
    page.wait_for_url("**/wallet/ent_*/")
    thing = page.url
    studio.take(
        "give", "Writing the card of a gift", f"{thing}give/", by=shopper, looks=(*BOTH, DARK)
    )
    page.goto(f"{thing}give/")
    page.locator("label.card-pick").nth(4).click()
    page.locator("[name=greeting]").fill("中秋快乐，千里共婵娟。")
    page.locator("main form button.btn").click()
    link = page.locator("#gift-link").inner_text()
    studio.keep(page, "given", "The link, shown once", PHONE_LOOK)
    studio.take("gift", "What the friend sees", link, looks=(*BOTH, DARK, ENGLISH))
    studio.take(
        "wallet-given", "Given away", "/wallet/?show=given", by=shopper, looks=(PHONE_LOOK,)
    )
    friend = studio.person()
    there = friend.new_page()
    there.goto(link)
    there.locator("form[action$='/claim/'] button").click()
    there.wait_for_url("**/wallet/ent_*/")
    studio.take("gift-accepted", "Accepted as a guest", there.url, by=friend)
    studio.take("gift-over", "Too late", link, looks=(PHONE_LOOK,))


def _reveal(page: Page) -> None:
    page.locator("form[data-reveal] button").click()
    expect(page.locator(acts.CODE).first).to_be_visible()


def enter_office(studio: Studio, role: str) -> BrowserContext:
    """Somebody of the staff, signed in with both factors: once, for a code counts once."""
    if role not in studio.staff:
        context = studio.staff[role] = studio.person(DESKTOP_LOOK)
        mail = next(person.email for person in STAFF if person.role == role)
        acts.sign_in(context.new_page(), mail, password("staff"), totp_code())
    return studio.staff[role]
