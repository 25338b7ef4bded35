"""A purchase that is about to be made: its row, its history and the decision behind it, at one go."""

import json
from datetime import datetime

from core.hot import hot_cursor
from core.ids import new_id
from core.tx import part
from fulfillment.models import Delivery
from fulfillment.routing.values import Considered, Route
from fulfillment.services.choose_offer import shown

WRITE = """
with attempt as (
    insert into fulfillment_attempt (public_id, delivery_id, supplier_id, offer_id, number,
        supplier_sku, state, supplier_no, max_cost_minor, currency, answer_code, created_at,
        not_before, lease_token, tries, query_count, not_found_count, probe)
    values (%(public_id)s::text, %(delivery)s::bigint, %(supplier)s::bigint, %(offer)s::bigint,
        %(number)s::text, %(sku)s::text, 'prepared', '', %(limit)s::bigint, %(currency)s::text, '',
        %(now)s::timestamptz, %(turn)s::timestamptz, '', 0, 0, 0, %(probe)s::boolean)
    returning id),
history as (
    insert into core_statechange (entity, subject, was, became, at, by, why)
    values ('attempt', %(public_id)s::text, '', 'prepared', %(now)s::timestamptz, 'worker',
        %(code)s::text))
insert into fulfillment_routedecision (delivery_id, attempt_id, policy, why, considered, at)
select %(delivery)s::bigint, id, %(policy)s::text, '', %(considered)s::jsonb, %(now)s::timestamptz
from attempt
"""


@part
def write_attempt(
    *,
    delivery: Delivery,
    route: Route,
    chosen: Considered,
    number: str,
    turn: datetime,
    probe: bool,
    now: datetime,
) -> bool:
    """Insert the attempt as ``prepared``, with its first state change and its routing decision.

    ``turn``: not to leave before. Raises IntegrityError while another one is live (INV-D5). Always True.
    """
    offer = chosen.facts
    with hot_cursor() as cursor:
        cursor.execute(
            WRITE,
            {
                "public_id": new_id("att"),
                "delivery": delivery.pk,
                "supplier": offer.supplier,
                "offer": offer.offer,
                "number": number,
                "sku": offer.supplier_sku,
                "limit": chosen.limit_minor,
                "currency": offer.currency,
                "now": now,
                "turn": turn,
                "probe": probe,
                "code": offer.code,
                "policy": route.policy,
                "considered": json.dumps(shown(route)),
            },
        )
    return True
