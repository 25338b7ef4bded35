"""Statements about money that is owed to others; they must return no row, whatever has happened."""

STATEMENTS = [
    (
        "INV-F1",
        "a merchant is owed what was redeemed there, less what was paid out",
        """with owed as (
               select p.account_id, p.currency, -sum(p.amount) as minor from core_posting p
               join core_journal j on j.id = p.journal_id
               where p.account_id like 'merchant_payable:%%' and j.kind <> 'correction' group by 1, 2),
           earned as (
               select m.code, r.currency,
                   sum(case r.kind when 'use' then r.share_minor else -r.share_minor end) as minor
               from fulfillment_redemption r join fulfillment_merchant m on m.id = r.merchant_id
               group by 1, 2),
           paid as (
               select payee, currency, sum(amount_minor) as minor from fulfillment_payout
               where kind = 'merchant' and state in ('approved', 'paid') group by 1, 2)
           select coalesce(o.account_id, 'merchant_payable:' || e.code), o.minor, e.minor, p.minor
           from owed o full join earned e
               on o.account_id = 'merchant_payable:' || e.code and o.currency = e.currency
           left join paid p on 'merchant_payable:' || p.payee
                   = coalesce(o.account_id, 'merchant_payable:' || e.code)
               and p.currency = coalesce(o.currency, e.currency)
           where coalesce(o.minor, 0) <> coalesce(e.minor, 0) - coalesce(p.minor, 0)""",
    ),
    (
        "INV-F2",
        "what is on its way to the bank are the payouts agreed on and not ended",
        """select coalesce(l.currency, o.currency), l.minor, o.minor from (
               select currency, -sum(amount) as minor from core_posting
               where account_id = 'payouts_under_way' group by 1) l
           full join (select currency, sum(amount_minor) as minor from fulfillment_payout
               where state = 'approved' group by 1) o on o.currency = l.currency
           where coalesce(l.minor, 0) <> coalesce(o.minor, 0)""",
    ),
    (
        "INV-F3",
        "two persons agreed on every payout that left, and its journals say how it went",
        """select o.public_id, o.state from fulfillment_payout o
           join fulfillment_payoutrun r on r.id = o.run_id
           left join core_approval a on a.public_id = r.approval
               and a.action = 'fulfillment.payouts' and a.executed_at is not null
               and a.checker <> a.maker and a.payload -> 'payouts' -> o.public_id ->> 1
                   = o.amount_minor::text
           where o.state in ('approved', 'paid', 'failed') and (a.id is null
               or not exists (select 1 from core_journal j
                   where j.key = 'payout.agreed:' || o.public_id)
               or (o.state = 'paid') <> exists (select 1 from core_journal j
                   where j.key = 'payout.paid:' || o.public_id)
               or (o.state = 'failed') <> exists (select 1 from core_journal j
                   where j.key = 'payout.failed:' || o.public_id))""",
    ),
]
