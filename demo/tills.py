"""Where the demo's vouchers are redeemed: a merchant for each brand, its stores, and three people who work there."""

from datetime import datetime

from catalog.models import Brand, Product, Sku
from catalog.services.change_state import change_state
from catalog.states import DeliveryKind, ProductState
from core.tx import step
from demo.people import CLERKS, find
from fulfillment.models import Clerk, ClerkRole, Merchant, Store, VoucherPlace, VoucherTerms

# Brands with more than one store, and where the demo's people stand.
STORES = {
    "途虎养车": (("front-gate", "前门店", "Front Gate"), ("wudaokou", "五道口店", "Wudaokou")),
}
ONE_STORE = (("first", "旗舰店", "Flagship store"),)
WORKPLACE = "途虎养车"
TIMES = {"WASH-10": 10, "LOUNGE-6": 6, "PIANO-10": 10}
# Cash vouchers are used by amount, in as many visits as one likes.
BY_AMOUNT = frozenset({"KFC-50", "KFC-100", "ATOUR-200"})
WHOLE_BP = 10_000
BY = "system:demo"


@step()
def open_tills(*, now: datetime) -> str:
    """Set merchants, stores, clerks and terms up where they are missing; says how many stores there are."""
    vouchers = Sku.objects.filter(product__product_type__delivery_kind=DeliveryKind.VOUCHER)
    brands = Brand.objects.filter(products__skus__in=vouchers).distinct().order_by("pk")
    for brand in brands:
        merchant = _merchant(brand, now)
        new = {
            sku.product_id
            for sku in vouchers.filter(product__brand=brand)
            if _promise(sku, merchant)
        }
        # An import keeps vouchers back until somebody takes them: now somebody does.
        for product in Product.objects.filter(pk__in=new, state=ProductState.PAUSED):
            change_state(
                product_id=product.pk, to=ProductState.ON_SALE, now=now, acting=BY,
                why="tills are open",
            )  # fmt: skip
    _clerks(now)
    return f"{Store.objects.count()} stores"


def _merchant(brand: Brand, now: datetime) -> Merchant:
    merchant, _ = Merchant.objects.get_or_create(
        code=brand.slug[:32],
        defaults={"name": brand.name, "name_en": brand.name_en, "created_at": now},
    )
    for code, name, name_en in STORES.get(brand.name, ONE_STORE):
        Store.objects.get_or_create(
            merchant=merchant, code=code,
            defaults={
                "name": f"{brand.name}{name}", "name_en": f"{brand.name_en} {name_en}",
                "created_at": now,
            },
        )  # fmt: skip
    return merchant


def _promise(sku: Sku, merchant: Merchant) -> bool:
    """Terms and place of a SKU, if it had none. The merchant gets what the catalogue calls the cost."""
    cost, face = sku.cost_minor or 0, sku.face_value_minor or 0
    by_amount, uses = sku.code in BY_AMOUNT and face > 0, TIMES.get(sku.code, 1)
    measure = {"uses_total": None, "amount_minor": face} if by_amount else {"uses_total": uses}
    terms, new = VoucherTerms.objects.get_or_create(sku=sku, defaults=measure)
    if new:
        share = (
            {"share_bp": cost * WHOLE_BP // face} if by_amount else {"share_minor": cost // uses}
        )
        VoucherPlace.objects.create(terms=terms, merchant=merchant, **share)
    return new


def _clerks(now: datetime) -> None:
    stores = Store.objects.filter(merchant__name=WORKPLACE).order_by("pk")
    clerk, lead, owner = (find(person) for person in CLERKS)
    places = [
        (clerk, ClerkRole.CLERK, stores[:1]), (lead, ClerkRole.LEAD, stores),
        (owner, ClerkRole.MERCHANT, stores[:1]),
    ]  # fmt: skip
    for user, role, where in places:
        for store in where if user else ():
            assert user is not None
            Clerk.objects.get_or_create(
                user=user.public_id, store=store,
                defaults={"role": role, "name": user.display_name, "created_at": now},
            )  # fmt: skip
