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


def register() -> None:
    """Fill the socket; called once when the app is ready."""
    register_invariant("INV-K1", "A SKU on sale has a price", PRICED)
    register_invariant("INV-K2", "No price is under cost or the advertised minimum", FLOOR)
    register_invariant("INV-K3", "There is exactly one default channel", ONE_DEFAULT)
    register_invariant("INV-K4", "A price is in its list's currency", CURRENCY)
    register_invariant("INV-K5", "A product on sale can be found", SEARCHABLE)
