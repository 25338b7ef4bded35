"""What must hold in this floor at every moment: each query returns the rows that break it."""

from core import invariants


def register() -> None:
    """Make this floor's rules known to `check_invariants`."""
    invariants.register(
        "INV-R1",
        "A budget counter is the sum of what is open",
        """
        select coalesce(c.key, o.key) as key, c.used, o.amount
        from (select key, used from core_limitcount where key like 'budget:%%') c
        full join (
            select t.key, sum(t.value::int) as amount
            from risk_openbudget b, jsonb_each_text(b.counters) t
            where b.given_back_at is null group by t.key
        ) o on o.key = c.key
        where coalesce(c.used, 0) <> coalesce(o.amount, 0)
        """,
    )
    invariants.register(
        "INV-R2",
        "A list entry finds somebody: its index has 32 bytes and its reason is written",
        "select public_id from risk_listentry where octet_length(value_index) <> 32 or reason = ''",
    )
