"""What lies in the vault as money: how long it has lain, how fast it turns, what will expire."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

TURN_DAYS = 28
SOON_DAYS = 30
MOST_ROWS = 500

STOCK = """
with lots as (
    select c.sku_id, count(*) as units, count(*) * b.cost_minor as money,
           %(today)s - (b.created_at at time zone %(zone)s)::date as age,
           c.expires_on <= %(soon)s as soon
    from fulfillment_code c join fulfillment_codebatch b on b.id = c.batch_id
    where c.state in ('available', 'held') group by c.sku_id, b.id, soon),
held as (
    select sku_id, sum(units) as units, sum(money) as money,
           sum(units * age) / sum(units) as age,
           sum(money) filter (where age <= 30) as young,
           sum(money) filter (where age > 30 and age <= 90) as middle,
           sum(money) filter (where age > 90) as old,
           sum(units) filter (where soon) as soon_units,
           sum(money) filter (where soon) as soon_money
    from lots group by 1),
sold as (
    select sku_id, sum(units) as units, count(*) as days from fulfillment_dailydemand
    where day > %(today)s - %(turn)s - 1 and not sold_out group by 1)
select s.id, s.code, p.name, s.currency, h.units, h.money, h.age, coalesce(h.young, 0),
       coalesce(h.middle, 0), coalesce(h.old, 0), coalesce(h.soon_units, 0),
       coalesce(h.soon_money, 0), coalesce(d.units::float / nullif(d.days, 0), 0)
from held h join catalog_sku s on s.id = h.sku_id join catalog_product p on p.id = s.product_id
left join sold d on d.sku_id = h.sku_id
order by h.money desc, s.code limit %(most)s
"""


@dataclass(frozen=True, slots=True)
class StockRow:
    """One SKU's codes that are free or held. Money in minor units of ``currency``; age in days.

    ``young``, ``middle`` and ``old`` is money that has lain up to 30, up to 90, and more days.
    """

    sku_id: int
    code: str
    name: str
    currency: str
    units: int
    money_minor: int
    age: int
    young_minor: int
    middle_minor: int
    old_minor: int
    soon_units: int
    soon_minor: int
    a_day: float

    @property
    def turnover_days(self) -> int | None:
        """How many days the stock lasts at the pace of the last four weeks; None: nothing sells."""
        return round(self.units / self.a_day) if self.a_day else None


def stock_money(*, now: datetime) -> list[StockRow]:
    """What is in stock, most money first."""
    today = timezone.localdate(now)
    with connection.cursor() as cursor:
        cursor.execute(
            STOCK,
            {
                "today": today, "soon": today + timedelta(days=SOON_DAYS), "turn": TURN_DAYS,
                "zone": timezone.get_default_timezone_name(), "most": MOST_ROWS,
            },
        )  # fmt: skip
        return [_row(row) for row in cursor.fetchall()]


def _row(row: tuple[Any, ...]) -> StockRow:
    # PostgreSQL sums whole numbers into decimals.
    units, money, age, young, middle, old, soon_units, soon = (int(value) for value in row[4:12])
    return StockRow(
        sku_id=row[0], code=row[1], name=row[2], currency=row[3], units=units, money_minor=money,
        age=age, young_minor=young, middle_minor=middle, old_minor=old, soon_units=soon_units,
        soon_minor=soon, a_day=float(row[12]),
    )  # fmt: skip
