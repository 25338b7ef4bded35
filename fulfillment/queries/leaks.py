"""Signs that codes are known to whom they should not be, batch by batch, over the last week (R9)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from accounts.models import User
from fulfillment.models import CodeBatch

Finding = tuple[str, dict[str, Any]]
DAYS = 7
#: The audit's word for a code that was shown at a till before anybody had bought it.
LEAKED = "codes:leaked"
#: Somebody's phone changes its address on the way home; a third address is another matter.
MANY_ADDRESSES = 3
#: A batch is told of from so many codes on, and from that share of those that were opened.
LEAST, SHARE_PERCENT = 3, 5
#: A member of staff is told of at this many looks a day, before the limit of services/reveal.py.
MANY_LOOKS = 15

# Ids rise with time: only the last week's looks are read.
SIGNS = """
with seen as materialized (
    select r.code_id, count(distinct r.by) as people, count(distinct r.ip) as addresses,
        min(r.at) as first
    from fulfillment_codereveal r where r.code_id is not null and r.id > coalesce((
        select o.id from fulfillment_codereveal o where o.at < %(since)s
        order by o.id desc limit 1), 0) group by 1),
dead as materialized (
    select old.code_id from fulfillment_codeissue i
    join fulfillment_codeissue old on old.id = i.replaces_id join seen s on s.code_id = old.code_id
    where s.first < i.at and i.number > 1),
leaked as materialized (
    select distinct a.subject::uuid as code_id from core_auditentry a
    where a.at >= %(since)s and a.tag = %(leaked)s)
select c.batch_id, count(s.code_id),
    count(*) filter (where s.people > 1 or s.addresses >= %(addresses)s),
    count(*) filter (where exists (select from dead d where d.code_id = c.id)),
    count(*) filter (where exists (select from leaked l where l.code_id = c.id))
from fulfillment_code c left join seen s on s.code_id = c.id
where c.id in (select code_id from seen union select code_id from leaked)
  and (%(batch)s::bigint is null or c.batch_id = %(batch)s::bigint) group by 1
"""


@dataclass(frozen=True, slots=True)
class Signs:
    """What a batch's codes went through: opened; by several people; replaced after that; shown at
    a till before anybody had bought them.
    """

    batch: int
    opened: int
    shared: int
    dead: int
    leaked: int


def signs_of(*, now: datetime, batch: int | None = None) -> list[Signs]:
    """The signs of every batch that has any of the last week, or of one."""
    with connection.cursor() as cursor:
        cursor.execute(
            SIGNS,
            {
                "since": now - timedelta(days=DAYS),
                "addresses": MANY_ADDRESSES,
                "batch": batch,
                "leaked": LEAKED,
            },
        )
        return [Signs(*row) for row in cursor.fetchall()]


def leaked(now: datetime) -> Iterator[Finding]:
    """Batches of which codes were shown at a till that nobody had bought."""
    yield from _told((each for each in signs_of(now=now) if each.leaked), "leaked")


def shared(now: datetime) -> Iterator[Finding]:
    """Batches whose codes were opened by several people, more often than happens by itself."""
    yield from _told((each for each in signs_of(now=now) if _many(each.shared, each)), "shared")


def dead(now: datetime) -> Iterator[Finding]:
    """Batches whose codes were opened and then complained about and replaced."""
    yield from _told((each for each in signs_of(now=now) if _many(each.dead, each)), "dead")


def staff_looks(now: datetime) -> Iterator[Finding]:
    """Members of staff who have looked at many codes of others within a day."""
    staff = User.objects.filter(staff_roles__isnull=False).distinct()
    names = {f"user:{user.public_id}": user for user in staff}
    with connection.cursor() as cursor:
        cursor.execute(
            "select r.by, count(*) from fulfillment_codereveal r"
            " join fulfillment_entitlement e on e.delivery_id = r.delivery_id"
            " where r.by = any(%s) and r.at >= %s and 'user:' || e.owner <> r.by"
            " group by 1 having count(*) >= %s order by 1",
            [list(names), now - timedelta(days=1), MANY_LOOKS],
        )
        found = cursor.fetchall()
    for by, looks in found:
        user = names[by]
        name = user.display_name or user.public_id
        yield f"staff:{user.public_id}", {"pk": user.pk, "name": name, "units": looks}


def _many(units: int, signs: Signs) -> bool:
    return units >= LEAST and units * 100 >= SHARE_PERCENT * signs.opened


def _told(found: Iterable[Signs], what: str) -> Iterator[Finding]:
    rows: Sequence[Signs] = sorted(found, key=lambda each: each.batch)
    names = dict(
        CodeBatch.objects.filter(pk__in=[each.batch for each in rows]).values_list(
            "pk", "public_id"
        )
    )
    for each in rows:
        facts = {"pk": each.batch, "units": getattr(each, what), "opened": each.opened}
        yield f"batch:{names[each.batch]}", {**facts, "batch": names[each.batch]}
