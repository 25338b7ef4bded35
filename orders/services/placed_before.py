"""The order that a form made already, for a buyer to whom its answer never came."""

from orders.models import Order
from orders.models.private import open_private
from orders.services.place_order import SHORTEST_TOKEN, Placed
from orders.services.start_payment import page_of


def placed_before(*, form_token: str, owner: str, contact: str) -> Placed | None:
    """The order of that form, or None. Reads only.

    A form that is sent again may find its cart empty or its good sold out, both because of its own
    order. What it asked for cannot be compared then, so who asks must be who ordered: the account
    `owner`, or for a guest ("") the same contact in its one spelling. Source: R-IDM.
    """
    if len(form_token) < SHORTEST_TOKEN:
        return None
    order = Order.objects.filter(form_token=form_token, owner=owner).first()
    if order is None:
        return None
    private = open_private(order.public_id, order.private_sealed)
    if not owner and private.contact != contact:
        return None
    page = page_of(order, order.payments.order_by("-id")[0])
    return Placed(order.public_id, page, private.token, private.secret, replayed=True)
