"""PostgreSQL, the only truth. Two roles: the application's, and the owner's for schema changes."""

from typing import Any

from config.settings.environment import env

DATABASE_APP_ROLE = env.str("DATABASE_APP_ROLE", default="quanyi_app")
DATABASE_AS_OWNER = env.bool("DATABASE_AS_OWNER", default=False)
DATABASE_POOL = env.bool("DATABASE_POOL", default=False) and not DATABASE_AS_OWNER

_variable = (
    "DATABASE_OWNER_URL"
    if DATABASE_AS_OWNER and env.str("DATABASE_OWNER_URL", default="")
    else "DATABASE_URL"
)
_address = env.db_url(_variable, default="postgresql://quanyi_app@127.0.0.1/quanyi")
_options: dict[str, Any] = {
    **_address.get("OPTIONS", {}),
    "connect_timeout": 5,
    "application_name": "quanyi",
    # A server that is gone is noticed within a minute, and so are we by the server (it keeps the
    # row locks of a dead client until then). Nothing of ours holds a lock of a session: a pool
    # which lends connections by the transaction may stand in between.
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    # Only the few wide statements of core.hot are prepared, and planning one anew costs more than running it.
    "options": "-c plan_cache_mode=force_generic_plan"
    " -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3",
}
if DATABASE_POOL:
    _options["pool"] = {
        "min_size": env.int("DATABASE_POOL_MIN", default=1),
        # A web process has two threads; a worker that drives 32 units at once borrows for moments only.
        "max_size": env.int("DATABASE_POOL_MAX", default=8),
        "timeout": 5,
        # A failed try is given up at once: whoever waits for a connection makes the next (config.postgres.pool).
        "reconnect_timeout": 0.1,
        "max_lifetime": 1800,
    }

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **_address,
        "ENGINE": "config.postgres",
        "ATOMIC_REQUESTS": False,
        # The pool keeps connections; Django's own persistence would fight with it.
        "CONN_MAX_AGE": 0 if DATABASE_POOL else env.int("DATABASE_CONN_MAX_AGE", default=60),
        "CONN_HEALTH_CHECKS": not DATABASE_POOL,
        "OPTIONS": _options,
    }
}
