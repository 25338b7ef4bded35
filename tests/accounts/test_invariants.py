"""Each invariant of this floor is proved able to fail by breaking it on purpose."""

from collections.abc import Callable
from typing import Any

import pytest

from core import clock, invariants
from tests.factories.accounts import make_staff, make_user


@pytest.mark.parametrize(
    ("invariant", "break_it"),
    [
        ("INV-U2", "update accounts_staffrole set approval = 'apr_X'"),
        ("INV-U3", "update accounts_user set is_staff = false"),
        (
            "INV-U4",
            """insert into accounts_message (public_id, kind, sealed, masked, to_index, template, language,
                      state, created_at, lease_token, tries, last_error) values ('msg_X', 'mail', '', '', '', 't', 'en',
                      'queued', now() - interval '1 hour', '', 0, '')""",
        ),
    ],
)
def test_invariants_can_fail(
    committed: None, owner_sql: Callable[..., Any], invariant: str, break_it: str
) -> None:
    make_staff("owner")
    assert not invariants.check_all(now=clock.now(), only=invariant)
    owner_sql(break_it)
    assert invariants.check_all(now=clock.now(), only=invariant)


def test_two_holders_of_a_phone_break_the_invariant(
    committed: None, owner_sql: Callable[..., Any]
) -> None:
    make_user(phone="13800138000")
    owner_sql("drop index accounts_contact_one_holder")
    try:
        other = make_user(email="o@example.com")
        owner_sql(
            """insert into accounts_contactpoint
               (public_id, user_id, kind, sealed, value_index, masked, verified_at, created_at)
               select 'cpt_X', %s, kind, sealed, value_index, masked, verified_at, created_at
               from accounts_contactpoint""",
            [other.pk],
        )
        assert invariants.check_all(now=clock.now(), only="INV-U1")
    finally:
        owner_sql("delete from accounts_contactpoint")
        owner_sql(
            "create unique index accounts_contact_one_holder on accounts_contactpoint (value_index, kind)"
            " where verified_at is not null"
        )
