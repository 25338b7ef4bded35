"""Who stands at which till: clerks and till keys as the services of redemption know them."""

from dataclasses import dataclass, field

from core.hot import hot_cursor
from fulfillment.models import Clerk, ClerkRole, Store, TillKey
from fulfillment.redemption import ClerkView


@dataclass(frozen=True, slots=True)
class KnownTill:
    """A till's key that is on, as admitting it needs it. `addresses` has one network in each line."""

    pk: int
    secret: bytes | memoryview = field(repr=False)
    addresses: str
    view: ClerkView


FIND_TILL = """
select k.id, k.secret, k.addresses, k.public_id, k.name, s.id, s.public_id, s.name, s.name_en, m.id,
    m.public_id, m.name, m.name_en
from fulfillment_tillkey k join fulfillment_store s on s.id = k.store_id
join fulfillment_merchant m on m.id = s.merchant_id
where k.public_id = %(key)s::text and k.is_active
"""


def find_till(key: str) -> KnownTill | None:
    """The till of a key that is not ended, in one prepared statement."""
    with hot_cursor() as cursor:
        cursor.execute(FIND_TILL, {"key": key})
        row = cursor.fetchone()
    if row is None:
        return None
    pk, secret, addresses, actor, name, *place = row
    return KnownTill(pk, secret, addresses, ClerkView(actor, "", ClerkRole.CLERK, name, *place))


def places_of(user: str) -> list[ClerkView]:
    """Every place where this person (a user's public id) may scan now, in the order of stores."""
    rows = Clerk.objects.filter(
        user=user, is_active=True, store__is_active=True, store__merchant__is_active=True
    ).select_related("store__merchant")
    return [_view(row.public_id, row.user, row.role, row.name, row.store) for row in rows]


def clerk_of(user: str, *, store: str = "") -> ClerkView | None:
    """The person's place at `store` (public id), or their first; None when they are no clerk."""
    places = places_of(user)
    return next((place for place in places if not store or place.store == store), None)


def till_view(till: TillKey) -> ClerkView:
    """A till as one who scans. Its store and merchant are loaded with it."""
    return _view(till.public_id, "", ClerkRole.CLERK, till.name, till.store)


def _view(actor: str, user: str, role: str, name: str, store: Store) -> ClerkView:
    merchant = store.merchant
    return ClerkView(
        actor=actor,
        user=user,
        role=role,
        name=name,
        store_pk=store.pk,
        store=store.public_id,
        store_name=store.name,
        store_name_en=store.name_en,
        merchant_pk=merchant.pk,
        merchant=merchant.public_id,
        merchant_name=merchant.name,
        merchant_name_en=merchant.name_en,
    )


def is_on(view: ClerkView) -> bool:
    """Whether what stands behind a view is switched on at this moment: it, its store, its merchant."""
    on = {
        "is_active": True, "store_id": view.store_pk, "store__is_active": True,
        "store__merchant__is_active": True,
    }  # fmt: skip
    rows = TillKey.objects if view.actor.startswith("tky_") else Clerk.objects
    return rows.filter(public_id=view.actor, **on).exists()
