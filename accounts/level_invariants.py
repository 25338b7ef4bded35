"""What must always hold of growth and levels, as SQL that returns no rows."""

from core import invariants

STATEMENTS = [
    (
        "INV-U10", "A person's growth is the sum of its entries",
        """select u.public_id, m.growth, coalesce(e.total, 0) as entries
           from accounts_user u
           left join accounts_membership m on m.user_id = u.id
           left join (select user_id, sum(amount) as total from accounts_growthentry group by 1) e
             on e.user_id = u.id
           where coalesce(m.growth, 0) <> coalesce(e.total, 0)""",
    ),
    (
        "INV-U11", "A level fits the growth it rests on",
        """select u.public_id, m.rank, m.growth, m.needed from accounts_membership m
           join accounts_user u on u.id = m.user_id
           where m.growth < m.needed or exists (
               select 1 from accounts_memberlevel l
               where l.is_active and l.rank > m.rank and l.growth_needed <= m.growth
                 and l.changed_at
                     <= %(now)s::timestamptz - make_interval(secs => 900 * %(grace)s::float))""",
    ),
    (
        "INV-U12", "A higher level takes more growth",
        """select a.rank, b.rank as above from accounts_memberlevel a
           join accounts_memberlevel b on b.rank > a.rank and b.growth_needed <= a.growth_needed
           where a.is_active and b.is_active""",
    ),
    (
        "INV-U13", "Nobody holds a level beyond its validity and its grace",
        """select u.public_id, m.rank, m.ends_at from accounts_membership m
           join accounts_user u on u.id = m.user_id
           left join accounts_memberlevel l on l.rank = m.rank
           where m.ends_at + make_interval(days => coalesce(l.grace_days, 0))
                 <= %(now)s::timestamptz - make_interval(secs => 3600 * %(grace)s::float)""",
    ),
]  # fmt: skip


def register() -> None:
    """Fill the socket; called once when the app is ready."""
    for key, title, sql in STATEMENTS:
        invariants.register(key, title, sql)
