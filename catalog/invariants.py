"""What must always hold in the catalogue, as SQL that returns no rows."""

from core.invariants import register as register_invariant

PRICED = """
    select s.code, p.slug
    from catalog_sku s
    join catalog_product p on p.id = s.product_id
    where p.state = 'on_sale' and s.is_active and not exists (
        select 1 from catalog_price pr
        where pr.sku_id = s.id and pr.min_quantity = 1
          and (pr.ends_at is null or pr.ends_at > %(now)s))
"""

# Every row counts, not only the ones in force: a price under cost that starts tomorrow is wrong today.
FLOOR = """
    select s.code, l.code as price_list, pr.amount_minor, s.cost_minor, s.advertised_minimum_minor
    from catalog_price pr
    join catalog_sku s on s.id = pr.sku_id
    join catalog_product p on p.id = s.product_id
    join catalog_pricelist l on l.id = pr.price_list_id
    where p.state in ('on_sale', 'scheduled') and s.is_active
      and (pr.ends_at is null or pr.ends_at > %(now)s)
      and pr.amount_minor < greatest(coalesce(s.cost_minor, 0), coalesce(s.advertised_minimum_minor, 0))
"""

ONE_DEFAULT = """
    select count(*) filter (where is_default and is_active) as defaults
    from catalog_channel
    having count(*) filter (where is_default and is_active) <> 1
"""

CURRENCY = """
    select s.code, l.code as price_list, pr.currency, l.currency as list_currency
    from catalog_price pr
    join catalog_pricelist l on l.id = pr.price_list_id
    join catalog_sku s on s.id = pr.sku_id
    where pr.currency <> l.currency
"""

SEARCHABLE = """
    select p.slug
    from catalog_product p
    where p.state = 'on_sale' and not exists (
        select 1 from catalog_searchtoken t where t.product_id = p.id)
"""

# The floor of a bundle is what the dearest choice costs, whatever its own row says.
BUNDLE_FLOOR = """
    with part as (
        select g.bundle_id, g.choose, p.quantity * coalesce(s.cost_minor, 0) as cost, row_number()
            over (partition by g.id order by p.quantity * coalesce(s.cost_minor, 0) desc) as place
        from catalog_bundlegroup g
        join catalog_bundlepart p on p.group_id = g.id
        join catalog_sku s on s.id = p.sku_id),
    dearest as (
        select bundle_id, sum(cost) as cost from part
        where choose is null or place <= choose group by bundle_id)
    select s.code, l.code as price_list, pr.amount_minor, d.cost
    from dearest d
    join catalog_sku s on s.id = d.bundle_id
    join catalog_product p on p.id = s.product_id
    join catalog_price pr on pr.sku_id = s.id
    join catalog_pricelist l on l.id = pr.price_list_id
    where p.state in ('on_sale', 'scheduled') and s.is_active
      and (pr.ends_at is null or pr.ends_at > %(now)s) and pr.amount_minor < d.cost
"""

BUNDLE_FORM = """
    with whole as (
        select s.id, s.code, s.currency, s.is_active and p.state = 'on_sale' as is_sold,
            t.delivery_kind = 'bundle' as is_bundle
        from catalog_sku s
        join catalog_product p on p.id = s.product_id
        join catalog_producttype t on t.id = p.product_type_id),
    inside as (
        select g.bundle_id, g.id as group_id, g.choose, b.sku_id
        from catalog_bundlegroup g left join catalog_bundlepart b on b.group_id = g.id)
    select code, 'nothing inside' as what from whole
    where is_bundle and is_sold and id not in (select bundle_id from inside where sku_id is not null)
    union all
    select w.code, 'parts in goods that are no bundle' from whole w
    where not w.is_bundle and w.id in (select bundle_id from inside)
    union all
    select w.code, 'a part that is a bundle or in another currency' from inside i
    join whole w on w.id = i.bundle_id join whole x on x.id = i.sku_id
    where x.is_bundle or x.currency <> w.currency
    union all
    select w.code, 'a part twice' from inside i join whole w on w.id = i.bundle_id
    group by w.code, i.sku_id having count(i.sku_id) > 1
    union all
    select w.code, 'more to choose than there is' from inside i join whole w on w.id = i.bundle_id
    group by w.code, i.group_id, i.choose having count(i.sku_id) < greatest(i.choose, 1)
"""


def register() -> None:
    """Fill the socket; called once when the app is ready."""
    register_invariant("INV-K1", "A SKU on sale has a price", PRICED)
    register_invariant("INV-K2", "No price is under cost or the advertised minimum", FLOOR)
    register_invariant("INV-K3", "There is exactly one default channel", ONE_DEFAULT)
    register_invariant("INV-K4", "A price is in its list's currency", CURRENCY)
    register_invariant("INV-K5", "A product on sale can be found", SEARCHABLE)
    register_invariant("INV-K6", "No bundle is priced under its dearest choice", BUNDLE_FLOOR)
    register_invariant("INV-K7", "What is inside a bundle can be sold as one", BUNDLE_FORM)
