"""Count what each SKU sold on each day that is over: the history forecasts are made from.

A day is counted once it has ended where the shop is; counting it again finds the same figures, since
a unit belongs for ever to the day on which it was paid for. A day on which the pool stood empty for
EMPTY_HOURS is marked, from the times at which codes came and went.
"""

from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from core.tx import step
from fulfillment.models import DailyDemand, Delivery

#: Units of the last second of a day are committed in the first seconds of the next.
SETTLED = timedelta(minutes=10)
EMPTY_HOURS = 2
#: Days counted by one statement.
SLICE_DAYS = 31
MOST_DAYS = 1100

COUNT = """
with days as (
    select day::date as day, day::timestamp at time zone %(zone)s as begins,
           (day + interval '1 day')::timestamp at time zone %(zone)s as ends
    from generate_series(%(first)s::timestamp, %(last)s::timestamp, interval '1 day') as day),
since as (
    -- Deliveries carry rising ids, those that arrive late are less than a day late: the daily count
    -- walks back to there; a count from a named day reads them all.
    select case when %(all)s then 0 else coalesce((select id from fulfillment_delivery
        where created_at < %(begins)s - interval '1 day' order by id desc limit 1), 0) end as id),
sold as (
    select d.sku_id, (d.created_at at time zone %(zone)s)::date as day, count(*) as units
    from fulfillment_delivery d, since
    where d.id > since.id and d.created_at >= %(begins)s and d.created_at < %(ends)s
    group by 1, 2),
stock as (
    select c.sku_id, b.created_at as came, c.sold_at,
           case when c.state = 'expired'
                then (c.expires_on + 1)::timestamp at time zone %(zone)s else c.sold_at end as went
    from fulfillment_code c join fulfillment_codebatch b on b.id = c.batch_id
    where c.state in ('available', 'held', 'sold', 'expired')),
pool as (
    select sku_id, min(least(came, sold_at)) as first_came,
           count(*) filter (where least(came, sold_at) < %(begins)s)
           - count(*) filter (where went < %(begins)s) as opening
    from stock where least(came, sold_at) < %(ends)s group by 1),
moves as (
    select sku_id, least(came, sold_at) as at, count(*) as n from stock
    where least(came, sold_at) >= %(begins)s and least(came, sold_at) < %(ends)s group by 1, 2
    union all
    select sku_id, went, -count(*) from stock
    where went >= %(begins)s and went < %(ends)s group by 1, 2
    union all
    select sku_id, greatest(first_came, %(begins)s), opening from pool),
course as (
    select sku_id, at, sum(sum(n)) over (partition by sku_id order by at) as stands,
           lead(at, 1, %(ends)s) over (partition by sku_id order by at) as until
    from moves group by sku_id, at),
empty as (
    select c.sku_id, d.day from course c
    join days d on c.at < d.ends and c.until > d.begins
    where c.stands <= 0 group by 1, 2
    having sum(extract(epoch from least(c.until, d.ends) - greatest(c.at, d.begins)))
           >= %(empty_seconds)s),
known as (
    select sku_id, min(first_day) as first_day from (
        select sku_id, min(day) as first_day from fulfillment_dailydemand group by 1
        union all select sku_id, min(day) from sold group by 1
        union all select sku_id, (min(first_came) at time zone %(zone)s)::date from pool group by 1
    ) as each group by 1)
insert into fulfillment_dailydemand (sku_id, day, units, sold_out, counted_at)
select k.sku_id, d.day, coalesce(s.units, 0), e.sku_id is not null, %(now)s
from known k join days d on d.day >= k.first_day
left join sold s on s.sku_id = k.sku_id and s.day = d.day
left join empty e on e.sku_id = k.sku_id and e.day = d.day
on conflict (sku_id, day) do update
set units = excluded.units, sold_out = excluded.sold_out, counted_at = excluded.counted_at
where not fulfillment_dailydemand.told and (fulfillment_dailydemand.units, fulfillment_dailydemand.sold_out)
    is distinct from (excluded.units, excluded.sold_out)
"""


def last_settled(now: datetime) -> date:
    """The newest day that is over and settled, where the shop is."""
    return timezone.localdate(now - SETTLED) - timedelta(days=1)


def count_demand(*, now: datetime, since: date | None = None) -> int:
    """Count the days that are missing, or all from ``since`` on. Returns rows written.

    Each SLICE_DAYS are one transaction; a crash in between leaves whole days.
    """
    last = last_settled(now)
    first = since or _first_missing(last)
    first = max(first, last - timedelta(days=MOST_DAYS))
    rows = 0
    while first <= last:
        until = min(last, first + timedelta(days=SLICE_DAYS - 1))
        rows += _count(first, until, now, everything=since is not None)
        first = until + timedelta(days=1)
    return rows


@step()
def _count(first: date, last: date, now: datetime, *, everything: bool) -> int:
    zone = timezone.get_default_timezone()
    begins = datetime.combine(first, time(), tzinfo=zone)
    ends = datetime.combine(last + timedelta(days=1), time(), tzinfo=zone)
    with connection.cursor() as cursor:
        # Two counts of the same days at once would wait for each other's rows crosswise.
        cursor.execute("select pg_advisory_xact_lock(hashtext('fulfillment.demand'))")
        cursor.execute(
            COUNT,
            {
                "first": first, "last": last, "begins": begins, "ends": ends, "now": now,
                "zone": settings.TIME_ZONE, "empty_seconds": EMPTY_HOURS * 3600, "all": everything,
            },
        )  # fmt: skip
        return int(cursor.rowcount)


def _first_missing(last: date) -> date:
    """The day after the newest counted one; without any, the day of the first delivery."""
    counted = DailyDemand.objects.order_by("-day").values_list("day", flat=True).first()
    if counted is not None:
        return counted + timedelta(days=1)
    first = Delivery.objects.order_by("created_at").values_list("created_at", flat=True).first()
    return timezone.localdate(first) if first else last + timedelta(days=1)
