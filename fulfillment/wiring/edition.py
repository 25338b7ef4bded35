"""What editions hang into the sockets of the floors below: acts, tags, sealed columns, invariants."""

from django.utils.translation import gettext_lazy as _

from accounts import acts
from core import audit, invariants
from core.rotation import SEALED_COLUMNS, SealedColumn
from fulfillment.services.editions.save_edition import EDITION

acts.register("editions.manage", _("Number goods as editions"), roles=("operator",))
audit.declare(EDITION, "A SKU became an edition, or the edition got another size")

SEALED_COLUMNS.register(
    "fulfillment.signingkey",
    SealedColumn("fulfillment.SigningKey", "sealed", lambda row: row.context),
)

EDITIONS = {
    "INV-E1": (
        "the numbers of an edition are 1, 2, 3 … up to what was sold, and within its size",
        "select e.public_id, e.size, e.issued, count(c.id), max(c.number) from fulfillment_edition e"
        " left join fulfillment_certificate c on c.edition_id = e.id group by e.id"
        " having count(c.id) <> e.issued or count(distinct c.number) <> e.issued"
        " or coalesce(max(c.number), 0) <> e.issued or coalesce(min(c.number), 1) < 1"
        " or e.issued > e.size",
    ),
    "INV-E2": (
        "a certificate's chain is unbroken, and each link says of it what is so",
        "select c.public_id, l.number from (select *, lag(hash) over chain as before,"
        " row_number() over chain - 1 as place, record::jsonb as said from fulfillment_certificatelink"
        " window chain as (partition by certificate_id order by number)) l"
        " join fulfillment_certificate c on c.id = l.certificate_id"
        " join fulfillment_edition e on e.id = c.edition_id"
        " where l.hash <> encode(sha256(convert_to(l.record, 'UTF8')), 'hex')"
        " or l.number <> l.place or l.said ->> 'previous' <> coalesce(l.before, '')"
        " or (l.said ->> 'link')::int <> l.number or l.said ->> 'what' <> l.what"
        " or (l.number = 0) <> (l.what = 'issued')"
        " or l.said ->> 'certificate' <> c.public_id or l.said ->> 'edition' <> e.public_id"
        " or (l.said ->> 'number')::int <> c.number or (l.said ->> 'of')::int <> e.size"
        " union all select c.public_id, null from fulfillment_certificate c where not exists"
        " (select from fulfillment_certificatelink l where l.certificate_id = c.id)",
    ),
    "INV-E3": (
        "the last holder of a certificate's chain is who holds the goods; none once they are taken back",
        "select c.public_id, e.public_id, l.number from fulfillment_certificate c"
        " join fulfillment_entitlement e on e.id = c.entitlement_id"
        " join lateral (select * from fulfillment_certificatelink where certificate_id = c.id"
        "   order by number desc limit 1) l on true"
        " where (e.state = 'revoked') <> (l.what = 'retired')"
        " or l.record::jsonb ->> 'holder' <> case l.what when 'retired' then ''"
        "   else encode(sha256(l.salt || convert_to(e.owner, 'UTF8')), 'hex') end"
        # Every change of hands is a link; a guest's own order joining an account is one more.
        " or (select count(*) from fulfillment_certificatelink t where t.certificate_id = c.id"
        "     and t.what in ('given', 'kept')) not between e.moves and e.moves + 1",
    ),
    "INV-E4": (
        "an edition has as many pieces as its size says, and as many are sold as have numbers",
        "select e.public_id, e.size, e.issued, count(p.id), count(p.sold_at)"
        " from fulfillment_edition e left join fulfillment_editionplace p on p.edition_id = e.id"
        " group by e.id having count(p.id) <> e.size or count(p.sold_at) <> e.issued",
    ),
    "INV-E5": (
        "everything that was sold of an edition has a number of that edition",
        "select t.public_id, e.public_id from fulfillment_edition e"
        " join fulfillment_entitlement t on t.sku_id = e.sku_id"
        " left join fulfillment_certificate c on c.entitlement_id = t.id and c.edition_id = e.id"
        " where c.id is null"
        " union all select t.public_id, e.public_id from fulfillment_certificate c"
        " join fulfillment_entitlement t on t.id = c.entitlement_id"
        " join fulfillment_edition e on e.id = c.edition_id where e.sku_id <> t.sku_id",
    ),
}

for _id, (_title, _sql) in EDITIONS.items():
    invariants.register(_id, _title, _sql)
