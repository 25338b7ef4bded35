"""A guest's order joins an account: by proof of the order and of the contact (design.md, People)."""

from datetime import datetime

from accounts.models import User
from accounts.queries import holds_contact
from core import audit, crypto
from core.tx import step
from fulfillment.services.wallet.attach_owner import attach_owner
from orders.models import Order
from orders.models.private import secret_hash, token_hash
from orders.queries.orders import lock_order
from orders.services.points.earn_growth import earn_growth


class NotProven(Exception):
    """The proof does not fit, or the order belongs to somebody: nobody is told which."""


@step()
def attach_order(
    *, order: str, user: User, now: datetime, token: str = "", secret: str = ""
) -> Order:
    """Give a guest's order and its goods to `user`.

    Takes the order's token or its look-up secret, and a verified contact of the account that is
    the order's contact. Attaching one's own order again changes nothing. Raises NotProven.
    """
    row = lock_order(order)
    if row is None:
        raise NotProven
    if row.user_id == user.pk:
        return row
    by_token = bool(token) and crypto.same(token_hash(token), bytes(row.token_hash))
    by_secret = bool(secret) and crypto.same(secret_hash(order, secret), bytes(row.secret_hash))
    proven = (by_token or by_secret) and holds_contact(user, bytes(row.contact_index))
    if row.user_id is not None or not proven:
        raise NotProven
    Order.objects.filter(pk=row.pk, user=None).update(user=user, owner=user.public_id)
    attach_owner(reference=order, owner=user.public_id, now=now)
    audit.record(tag="order:attached", by=user.acting, subject=order, now=now)
    earn_growth(order=order, key=f"attached:{order}", now=now)
    row.user, row.owner = user, user.public_id
    return row
