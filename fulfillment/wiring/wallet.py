"""What the wallet hangs into the sockets of the floors below: acts, tags, sealed columns, invariants."""

from django.utils.translation import gettext_lazy as _

from accounts import acts
from core import audit, invariants
from core.rotation import SEALED_COLUMNS, SealedColumn

acts.register("wallet.terms", _("Say how goods are activated"), roles=("operator",))

for _tag, _title in {
    "activation:terms": "The terms of activation of a SKU were set",
    "codes:link_sent": "A link that shows a code once was sent",
}.items():
    audit.declare(_tag, _title)

SEALED_COLUMNS.register(
    "fulfillment.binding",
    SealedColumn("fulfillment.EntitlementBinding", "sealed", lambda row: row.context),
)

WALLET = {
    "INV-W1": (
        "a thing is on its way exactly while one gift of it is open",
        "select e.public_id, e.given_at, count(g.id) from fulfillment_entitlement e"
        " left join fulfillment_gift g on g.entitlement_id = e.id and g.state = 'open'"
        " where e.given_at is not null or g.id is not null"
        " group by e.id having count(g.id) <> 1 or e.given_at is null",
    ),
    "INV-W2": (
        "whose a thing is follows from an unbroken chain",
        "select e.public_id, e.owner, e.moves, c.last, c.became from fulfillment_entitlement e"
        " join lateral (select count(*) as links, max(o.number) as last,"
        "   (array_agg(o.became order by o.number desc))[1] as became"
        "   from fulfillment_ownershipchange o where o.entitlement_id = e.id) c on true"
        " where (e.moves > 0 or c.links > 0)"
        " and (c.links <> e.moves or c.last <> e.moves or c.became is distinct from e.owner)"
        " union all select e.public_id, b.was, b.number, a.number, a.became"
        " from fulfillment_ownershipchange b"
        " join fulfillment_ownershipchange a on a.entitlement_id = b.entitlement_id"
        "   and a.number = b.number - 1"
        " join fulfillment_entitlement e on e.id = b.entitlement_id where a.became <> b.was",
    ),
    "INV-W3": (
        "nothing is activated more often than it may be",
        "select e.public_id, count(b.id), t.most from fulfillment_entitlement e"
        " join fulfillment_entitlementbinding b on b.entitlement_id = e.id"
        " join lateral (select coalesce((select a.activations from fulfillment_activationterms a"
        "   where a.sku_id = e.sku_id and a.since <= e.created_at"
        "   order by a.since desc, a.id desc limit 1), 1) as most) t on true"
        " group by e.id, t.most having count(b.id) > t.most or max(b.number) <> count(b.id)",
    ),
    "INV-W4": (
        "only what is unused is on its way to a friend",
        "select g.public_id, e.state from fulfillment_gift g"
        " join fulfillment_entitlement e on e.id = g.entitlement_id"
        " join fulfillment_delivery d on d.id = e.delivery_id"
        " where g.state = 'open' and (e.state <> 'issued' or d.state <> 'delivered'"
        "   or g.moves <> e.moves or g.giver <> e.owner)",
    ),
    "INV-W5": (
        "nobody has seen the card that is on its way to a friend",
        "select g.public_id, r.public_id from fulfillment_gift g"
        " join fulfillment_entitlement e on e.id = g.entitlement_id and e.kind = 'pool'"
        " join fulfillment_codereveal r on r.delivery_id = e.delivery_id where g.state = 'open'",
    ),
    "INV-W6": (
        "what was claimed once changed hands once",
        "select g.public_id, g.state, o.id from fulfillment_gift g"
        " left join fulfillment_ownershipchange o on o.gift_id = g.id"
        " where (g.state = 'claimed') <> (o.id is not null) or o.number <> g.moves + 1",
    ),
    "INV-W7": (
        "no gift, link or thing is left lying past its end",
        "select public_id, expires_at as due from fulfillment_gift where state = 'open'"
        " and expires_at < %(now)s - interval '10 minutes' * %(grace)s"
        " union all select public_id, expires_at from fulfillment_reveallink where state = 'open'"
        " and expires_at < %(now)s - interval '10 minutes' * %(grace)s"
        " union all select public_id, valid_until from fulfillment_entitlement"
        " where state in ('issued', 'active')"
        " and valid_until < %(now)s - interval '15 minutes' * %(grace)s",
    ),
}

for _id, (_title, _sql) in WALLET.items():
    invariants.register(_id, _title, _sql)
