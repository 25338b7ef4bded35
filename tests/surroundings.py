"""Loaded before the settings: says where this xdist worker's own PostgreSQL and Valkey will be.

Each worker has a cluster of its own, because some rules look at all transactions of a cluster. With DATABASE_URL and
REDIS_URL given from outside, workers share those servers and differ by database.
"""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

# First of all: model-bakery, which pytest-randomly imports, finds Django's modules in a circle otherwise.
import django.db.models  # noqa: F401

from launcher.services import Services

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
NUMBER = int(re.sub(r"\D", "", WORKER) or 0)
DATABASE = f"quanyi_test_{WORKER}"
VALKEY_PER_WORKER = 2


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{name}"))


def _valkey(url: str, number: int) -> str:
    return re.sub(
        r"(db|virtual_host)=\d+|(?<=\d/)\d+$", lambda found: _numbered(found, number), url
    )


def _numbered(found: "re.Match[str]", number: int) -> str:
    return f"{found.group(1)}={number}" if found.group(1) else str(number)


def _own() -> Services:
    state = Path(os.environ["STATE_DIR"]) / WORKER
    state.mkdir(mode=0o711, exist_ok=True)
    services = Services(state, durable=False)
    os.environ.update(services.database_env() | services.valkey_env())
    # What a program of ours is told must not look like servers given from outside.
    os.environ["QUANYI_SERVERS"] = "own"
    services.always = True
    return services


def _given() -> None:
    os.environ["REDIS_URL"] = _valkey(os.environ["REDIS_URL"], VALKEY_PER_WORKER * NUMBER + 3)
    os.environ["BROKER_URL"] = _valkey(os.environ["BROKER_URL"], VALKEY_PER_WORKER * NUMBER + 2)
    os.environ["KEY_PREFIX"] = f"test{NUMBER}"


if "TEST_HOOKS" not in os.environ:
    raise SystemExit("the tests need real servers and keys: run them with `python3 dev.py test …`")

FROM_OUTSIDE = "DATABASE_URL" in os.environ and os.environ.get("QUANYI_SERVERS") != "own"
SERVICES = None if FROM_OUTSIDE else _own()
if FROM_OUTSIDE:
    _given()
BASE_OWNER_URL = os.environ.get("DATABASE_OWNER_URL", os.environ["DATABASE_URL"])
os.environ["DATABASE_URL"] = with_database(os.environ["DATABASE_URL"], DATABASE)
os.environ["DATABASE_OWNER_URL"] = with_database(BASE_OWNER_URL, DATABASE)
