"""Statements that must return no row, whatever has happened (reliability.md 4.4).

Those which also look at orders (D6, D7, D8) are registered by the floor that knows orders.
"""

from django.conf import settings

from core.invariants import register

SHARES = {
    "INV-S81": (
        "a unit reserved for a channel is held by and sold in no other",
        "select id, share, channel, state from fulfillment_code"
        " where share <> '' and state in ('held', 'sold') and channel <> share",
    ),
    "INV-S82": (
        "a ticket stands for one unit that its channel holds or has bought",
        "select t.id, t.channel, c.state, c.channel as sold_in from fulfillment_shareticket t"
        " join fulfillment_code c on c.id = t.code_id"
        " where c.state not in ('held', 'sold') or c.channel <> t.channel or c.sku_id <> t.sku_id",
    ),
    "INV-S83": (
        "the units of a share are those that were moved into it and not out again",
        "select sku_id, name, sum(units) from ("
        " select sku_id, taker as name, units from fulfillment_sharemove"
        "   where kind = 'reserved' and taker <> ''"
        " union all select sku_id, giver, -units from fulfillment_sharemove"
        "   where kind = 'reserved' and giver <> ''"
        " union all select sku_id, share, -count(*) from fulfillment_code"
        "   where share <> '' group by 1, 2) as n group by 1, 2 having sum(units) <> 0",
    ),
    "INV-S84": (
        "a cap has as many tickets as it was given",
        "select sku_id, name, sum(units) from ("
        " select sku_id, taker as name, units from fulfillment_sharemove where kind = 'capped'"
        " union all select sku_id, channel, -count(*) from fulfillment_shareticket group by 1, 2)"
        " as n group by 1, 2 having sum(units) <> 0",
    ),
    "INV-S86": (
        "a code is with an outside channel exactly when one of its consignments says so",
        "select c.id, c.state, u.state as said from fulfillment_code c"
        " full join (select * from fulfillment_consignedunit where state = 'out') u"
        "   on u.code_id = c.id where (c.state = 'consigned') is distinct from (u.id is not null)",
    ),
    "INV-S87": (
        "what an outside channel sold is a delivery under its own order's number",
        "select u.id, u.external_no, d.reference from fulfillment_consignedunit u"
        " join fulfillment_consignment n on n.id = u.consignment_id"
        " left join fulfillment_codeissue i on i.code_id = u.code_id"
        " left join fulfillment_delivery d on d.id = i.delivery_id"
        " where u.state = 'sold' and (d.id is null or d.channel <> n.channel)",
    ),
    "INV-S85": (
        "what is free for one channel only has a share that says so",
        "select distinct c.sku_id, c.share from fulfillment_code c"
        " left join fulfillment_poolshare p on p.sku_id = c.sku_id and p.channel = c.share"
        "   and p.kind = 'reserved'"
        " where c.share <> '' and c.state in ('available', 'held') and p.id is null",
    ),
}

VAULT = {
    "INV-D1": (
        "one code, one issue; the issues of a unit are an unbroken chain",
        "select delivery_id, count(*) as issues, max(number) as last"
        " from fulfillment_codeissue group by 1 having count(*) <> max(number)"
        " union all select 0, count(*), 0 from fulfillment_codeissue group by code_id"
        " having count(*) > 1",
    ),
    "INV-D2": (
        "a code is sold exactly when it was issued",
        "select c.id, c.state, i.id as issue from fulfillment_code c"
        " full join fulfillment_codeissue i on i.code_id = c.id"
        " where (c.state = 'sold') is distinct from (i.id is not null)",
    ),
    "INV-D3": (
        "a delivered unit has its evidence",
        "select d.public_id, d.kind from fulfillment_delivery d where d.state = 'delivered'"
        " and d.kind in ('pool', 'topup', 'manual')"
        " and not exists (select 1 from fulfillment_codeissue i where i.delivery_id = d.id)"
        " and not exists (select 1 from fulfillment_attempt a where a.delivery_id = d.id"
        "                 and a.state in ('succeeded', 'reversed'))"
        " and not exists (select 1 from core_approval v where v.public_id = d.approval"
        "                 and v.executed_at is not null)",
    ),
    "INV-D12": (
        "what a unit of the pool cost is in the ledger",
        "select d.public_id, d.cost_minor from fulfillment_delivery d"
        " where d.state in ('delivered', 'revoked') and d.kind = 'pool' and d.cost_minor > 0"
        " and exists (select 1 from fulfillment_codeissue i where i.delivery_id = d.id)"
        " and not exists (select 1 from fulfillment_attempt a where a.delivery_id = d.id)"
        " and not exists (select 1 from core_journal j where j.key = 'cost:' || d.public_id)",
    ),
    "INV-D13": (
        "a delivered unit is in its owner's wallet",
        "select d.public_id from fulfillment_delivery d"
        " left join fulfillment_entitlement e on e.delivery_id = d.id"
        " where (d.state in ('delivered', 'revoked')) <> (e.id is not null)"
        # What has changed hands is looked at by INV-W2.
        " or (e.moves = 0 and e.owner <> d.owner)",
    ),
    "INV-S1": (
        "every line of a batch is accounted for",
        "select b.public_id, b.declared, b.accepted, b.duplicate, b.rejected, n.codes"
        " from fulfillment_codebatch b left join (select batch_id, count(*) as codes"
        "   from fulfillment_code group by 1) n on n.batch_id = b.id"
        " where b.declared <> b.accepted + b.duplicate + b.rejected"
        " or (not b.dry_run and coalesce(n.codes, 0) <> b.accepted)"
        " or (b.dry_run and n.codes is not null)",
    ),
    "INV-S2": (
        "no code is in the vault twice",
        'select count(*) from fulfillment_code group by "index" having count(*) > 1',
    ),
    "INV-S3": (
        "a code is kept for somebody exactly when it is held or sold",
        "select id, state, held_by from fulfillment_code"
        " where (state in ('held', 'sold')) <> (held_by <> '')"
        " or (state = 'held') <> (held_until is not null) or (state = 'sold') <> (sold_at is not null)",
    ),
    "INV-S5": (
        "an overdue hold is given back in time",
        "select id, held_by, held_until from fulfillment_code where state = 'held'"
        " and held_until < %(now)s - interval '15 minutes' * %(grace)s",
    ),
    "INV-S8": (
        "the stock's value in the ledger is that of the codes in stock",
        "select coalesce(p.currency, s.currency) as currency, p.booked, s.counted from"
        " (select currency, sum(amount) as booked from core_posting"
        "  where account_id = 'code_inventory' group by 1) p"
        " full join (select b.currency, sum(b.cost_minor) as counted from fulfillment_code c"
        "  join fulfillment_codebatch b on b.id = c.batch_id"
        "  where c.state in ('available', 'held', 'quarantined', 'consigned') group by 1) s"
        " on s.currency = p.currency where coalesce(p.booked, 0) <> coalesce(s.counted, 0)",
    ),
    "INV-A2": (
        "no text left the vault without its audit entry",
        "select r.public_id from fulfillment_codereveal r"
        " left join core_auditentry a on a.subject = r.public_id where a.id is null"
        " union all select e.public_id from fulfillment_codeexport e"
        " left join core_auditentry a on a.subject = e.public_id where a.id is null",
    ),
}

VOUCHERS = {
    "INV-V1": (
        "what is left of a voucher is what it had without its uses",
        "select e.public_id, e.uses_total, e.uses_left, e.amount_total_minor, e.amount_left_minor,"
        " r.uses, r.amount from fulfillment_entitlement e left join"
        " (select entitlement_id, sum(case kind when 'use' then uses else -uses end) as uses,"
        "   sum(case kind when 'use' then amount_minor else -amount_minor end) as amount"
        "   from fulfillment_redemption group by 1) r on r.entitlement_id = e.id"
        " where (e.kind = 'voucher' or r.uses is not null)"
        " and (e.uses_left is distinct from e.uses_total - coalesce(r.uses, 0)"
        "   or e.amount_left_minor is distinct from e.amount_total_minor - coalesce(r.amount, 0)"
        "   or coalesce(e.uses_left, e.amount_left_minor) is null"
        "   or e.uses_left < 0 or e.amount_left_minor < 0)",
    ),
    "INV-V2": (
        "no voucher was used outside its days or stays used after it was taken back",
        "select r.public_id, r.at from fulfillment_redemption r"
        " join fulfillment_entitlement e on e.id = r.entitlement_id"
        " join fulfillment_delivery d on d.id = e.delivery_id"
        " left join fulfillment_redemption u on u.undo_of_id = r.id"
        " where r.kind = 'use' and u.id is null and (r.at < e.valid_from or r.at >= e.valid_until"
        "   or r.at > d.revoked_at or e.state = 'revoked')",
    ),
    "INV-V7": (
        "a voucher is used up exactly when nothing is left",
        "select public_id, state, uses_left, amount_left_minor from fulfillment_entitlement"
        " where kind = 'voucher' and state in ('issued', 'active', 'exhausted')"
        " and (state = 'exhausted') <> (coalesce(uses_left, amount_left_minor) = 0)",
    ),
    "INV-V8": (
        "a voucher has one live code, the last of an unbroken chain",
        "select e.public_id, count(v.id), max(v.number) from fulfillment_entitlement e"
        " left join fulfillment_vouchercode v on v.entitlement_id = e.id where e.kind = 'voucher'"
        " group by 1 having count(v.id) <> coalesce(max(v.number), 0)"
        " or count(v.id) filter (where v.replaced_at is null) <> 1"
        " or max(v.number) <> max(v.number) filter (where v.replaced_at is null)",
    ),
    "INV-V9": (
        "an undo takes back exactly one use, all of it",
        "select u.public_id, r.public_id from fulfillment_redemption u"
        " left join fulfillment_redemption r on r.id = u.undo_of_id and r.kind = 'use'"
        " where u.kind = 'undo' and (r.id is null or u.entitlement_id <> r.entitlement_id"
        "   or (u.uses, u.amount_minor, u.share_minor, u.store_id)"
        "     is distinct from (r.uses, r.amount_minor, r.share_minor, r.store_id))"
        " union all select 'twice', min(public_id) from fulfillment_redemption"
        "   where kind = 'undo' group by undo_of_id having count(*) > 1",
    ),
    "INV-V10": (
        "merchants are owed what their redemptions say",
        "select coalesce(r.account, p.account) as account, r.share, p.booked from"
        " (select 'merchant_payable:' || m.code as account,"
        "   sum(case r.kind when 'use' then r.share_minor else -r.share_minor end) as share"
        "   from fulfillment_redemption r join fulfillment_merchant m on m.id = r.merchant_id"
        "   group by 1) r full join"
        " (select p.account_id as account, -sum(p.amount) as booked from core_posting p"
        "   join core_journal j on j.id = p.journal_id"
        "   where j.kind in ('redemption', 'redemption.undone')"
        "   and p.account_id like 'merchant_payable:%%' group by 1) p on p.account = r.account"
        " where coalesce(r.share, 0) <> coalesce(p.booked, 0)",
    ),
}

for _id, (_title, _sql) in VOUCHERS.items():
    register(_id, _title, _sql)

SUPPLY = {
    "INV-D4": (
        "a unit is bought once",
        "select delivery_id from fulfillment_attempt where state = 'succeeded'"
        " group by 1 having count(*) > 1",
    ),
    "INV-D5": (
        "nothing is bought while an earlier attempt is open",
        "select b.public_id from fulfillment_attempt b join fulfillment_attempt a"
        " on a.delivery_id = b.delivery_id and a.id < b.id"
        " where a.state in ('prepared', 'sent', 'accepted', 'unknown')"
        " or (a.closed_at is not null and b.created_at < a.closed_at)",
    ),
    "INV-D9": (
        "a success that a supplier told is believed or somebody's case",
        "select distinct e.attempt_id from fulfillment_supplierevent e"
        " join fulfillment_attempt a on a.id = e.attempt_id"
        " where e.verdict = 'succeeded' and e.trusted and a.state not in ('succeeded', 'reversed')"
        " and e.at < %(now)s - interval '2 minutes' * %(grace)s"
        " and not exists (select 1 from fulfillment_manualcase m where m.delivery_id = a.delivery_id)",
    ),
    "INV-L9": (
        "what was set aside for a purchase is free again when the purchase is over",
        "select p.subject, p.account_id, sum(p.amount) from core_posting p"
        " where p.account_id like 'supplier_suspense:%%'"
        " and not exists (select 1 from fulfillment_delivery d"
        "   join fulfillment_attempt a on a.delivery_id = d.id"
        "   where d.reference = p.subject and a.state in ('sent', 'accepted', 'unknown'))"
        " group by 1, 2 having sum(p.amount) > 0 or (sum(p.amount) < 0"
        # A charge without our consent stands there while its case is open, and no longer.
        " and not exists (select 1 from fulfillment_delivery d"
        "   join fulfillment_manualcase m on m.delivery_id = d.id and m.state <> 'resolved'"
        "   where d.reference = p.subject))",
    ),
    "INV-O2": (
        "no open attempt and no open unit is forgotten",
        "select a.public_id, a.state, a.next_query_at as due from fulfillment_attempt a"
        " join fulfillment_delivery d on d.id = a.delivery_id"
        " where a.state in ('prepared', 'sent', 'accepted', 'unknown')"
        " and (a.next_query_at < %(now)s - interval '5 minutes' * %(grace)s"
        # Nothing says when it is next looked at, and no person has it.
        "   or (a.next_query_at is null and d.state <> 'manual'"
        "     and a.created_at < %(now)s - interval '5 minutes' * %(grace)s))"
        " union all select public_id, state, not_before from fulfillment_delivery"
        " where state in ('pending', 'dispatched', 'unknown')"
        " and (lease_until is null or lease_until < %(now)s - interval '5 minutes' * %(grace)s)"
        " and coalesce(not_before, created_at) < %(now)s - interval '10 minutes' * %(grace)s",
    ),
}

for _id, (_title, _sql) in {**VAULT, **SHARES, **SUPPLY}.items():
    register(_id, _title, _sql)

PURCHASING = {
    "INV-BUY1": (
        "codes that came for a purchase are what was agreed, from whom and at which cost",
        "select b.public_id, p.public_id as purchase from fulfillment_codebatch b"
        " join fulfillment_purchaseline l on l.id = b.purchase_line_id"
        " join fulfillment_purchase p on p.id = l.purchase_id"
        " where b.sku_id <> l.sku_id or b.supplier_id is distinct from p.supplier_id"
        " or b.cost_minor <> l.cost_minor or b.currency <> p.currency"
        " or b.paid_from <> p.paid_from",
    ),
    "INV-BUY2": (
        "nothing came for a purchase that was never ordered or was canceled",
        "select p.public_id, p.state, b.public_id as batch from fulfillment_purchase p"
        " join fulfillment_purchaseline l on l.purchase_id = p.id"
        " join fulfillment_codebatch b on b.purchase_line_id = l.id"
        " where p.state = 'draft' or (p.state = 'canceled' and b.accepted > 0 and not b.dry_run)"
        " or (p.state in ('received', 'closed', 'canceled')"
        "     and b.state not in ('finished', 'canceled'))",
    ),
    "INV-BUY3": (
        "what came differs from what was ordered only with a reason",
        "select p.public_id, l.id as line, l.units, coalesce(n.came, 0) as came"
        " from fulfillment_purchase p join fulfillment_purchaseline l on l.purchase_id = p.id"
        " left join (select purchase_line_id, sum(accepted) as came from fulfillment_codebatch"
        "   where not dry_run group by 1) n on n.purchase_line_id = l.id"
        " where p.state in ('received', 'closed') and p.difference_why = ''"
        " and coalesce(n.came, 0) <> l.units",
    ),
    "INV-BUY4": (
        "what came for a purchase is in the ledger at its cost",
        "select b.public_id, b.accepted * b.cost_minor as worth, j.booked"
        " from fulfillment_codebatch b"
        " left join (select p.subject, sum(p.amount) as booked from core_posting p"
        "   join core_journal j on j.id = p.journal_id and j.kind = 'stock.bought'"
        "   where p.account_id = 'code_inventory' group by 1) j on j.subject = b.public_id"
        " where b.purchase_line_id is not null and not b.dry_run"
        " and b.accepted * b.cost_minor <> coalesce(j.booked, 0)",
    ),
    "INV-BUY5": (
        "what was agreed when it was ordered is what stands there",
        "select p.public_id, a.total, sum(l.units * l.cost_minor) as stands"
        " from fulfillment_purchase p join fulfillment_purchaseline l on l.purchase_id = p.id"
        " join (select subject, (after->>'total_minor')::bigint as total from core_auditentry"
        "   where tag = 'purchase:ordered') a on a.subject = p.public_id"
        " group by 1, 2 having a.total <> sum(l.units * l.cost_minor)",
    ),
    "INV-BUY6": (
        "a counted day holds every unit that was paid for on it",
        "select c.sku_id, c.day, c.units, coalesce(d.units, 0) as paid_for"
        " from fulfillment_dailydemand c left join ("
        "   select sku_id, (created_at at time zone %(zone)s)::date as day, count(*) as units"
        "   from fulfillment_delivery where id > coalesce((select id from fulfillment_delivery"
        "     where created_at < %(now)s - interval '4 days' order by id desc limit 1), 0)"
        "   group by 1, 2) d on d.sku_id = c.sku_id and d.day = c.day"
        " where c.day > ((%(now)s - interval '3 days') at time zone %(zone)s)::date"
        " and not c.told and c.units <> coalesce(d.units, 0)",
    ),
}

SYNC = {
    "INV-SYN1": (
        "nothing is bought that its supplier does not have, or asks more for than we agreed to",
        "select o.id, g.supplier_sku, g.cost_minor, o.max_cost_minor, g.stock, g.on_sale, g.gone_at"
        " from fulfillment_supplieroffer o join fulfillment_suppliergood g"
        "   on g.supplier_id = o.supplier_id and g.supplier_sku = o.supplier_sku"
        " where o.paused_why = '' and (g.gone_at is not null or not g.on_sale or g.stock = 0"
        "   or g.cost_minor > o.max_cost_minor)",
    ),
    "INV-SYN2": (
        "every change of an offer by a supplier's list stands in its history",
        "select a.subject, a.at from core_auditentry a where a.tag = 'offer:followed'"
        " and a.at > %(now)s - interval '1 day' and not exists ("
        "   select 1 from fulfillment_supplychange c where c.at = a.at"
        "   and c.supplier_id = (a.after->>'supplier_id')::bigint"
        "   and c.supplier_sku = a.after->>'supplier_sku'"
        "   and c.what in ('taken', 'paused', 'resumed', 'asked'))",
    ),
}

for _id, (_title, _sql) in {**PURCHASING, **SYNC}.items():
    register(_id, _title, _sql, **({"zone": settings.TIME_ZONE} if "%(zone)s" in _sql else {}))
