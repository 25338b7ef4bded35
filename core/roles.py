"""Two database roles: the owner migrates, the app role may only append to append-only tables."""

import re
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connections

SAFE_ROLE = re.compile(r"[a-z_][a-z0-9_]{0,62}")


def append_only_tables() -> list[str]:
    """Tables whose rows are facts."""
    return sorted(
        model._meta.db_table for model in apps.get_models() if getattr(model, "append_only", False)
    )


def apply_grants(*, using: str = "default", **_: Any) -> None:
    """Give the app role what it needs and no more. Runs after every migrate, as the owner.

    Does nothing when DATABASE_APP_ROLE is empty or is the role that is connected.
    """
    role = settings.DATABASE_APP_ROLE
    if not role:
        return
    if not SAFE_ROLE.fullmatch(role):
        raise ValueError("DATABASE_APP_ROLE is not a plain role name")
    with connections[using].cursor() as cursor:
        cursor.execute(
            "select current_user, exists(select 1 from pg_roles where rolname = %s)", [role]
        )
        me, exists = cursor.fetchone()
        if me == role:
            return
        if not exists:
            cursor.execute(f"create role {role} login")
        cursor.execute(f"grant usage on schema public to {role}")
        cursor.execute(f"revoke all on all tables in schema public from {role}")
        cursor.execute(
            f"grant select, insert, update, delete on all tables in schema public to {role}"
        )
        cursor.execute(f"grant usage, select on all sequences in schema public to {role}")
        for table in append_only_tables():
            cursor.execute(f'revoke update, delete, truncate on "{table}" from {role}')
        cursor.execute(f"revoke insert, update, delete on django_migrations from {role}")
