"""Loaded before the settings: gives each xdist worker a database and a Valkey database of its own."""

import os
import re
from urllib.parse import urlsplit, urlunsplit

# First of all: model-bakery, which pytest-randomly imports, finds Django's modules in a circle otherwise.
import django.db.models  # noqa: F401

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
NUMBER = int(re.sub(r"\D", "", WORKER) or 0)
DATABASE = f"quanyi_test_{WORKER}"
VALKEY_PER_WORKER = 2


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{name}"))


def _valkey(url: str, number: int) -> str:
    return re.sub(r"(db|virtual_host)=\d+", rf"\g<1>={number}", url)


def pytest_configure() -> None:
    """Nothing to add: the work is done at import, which is before Django reads its settings."""


if "DATABASE_URL" not in os.environ:
    raise SystemExit("the tests need real servers: run them with `python3 dev.py test …`")

os.environ.setdefault("QUANYI_BASE_DATABASE_URL", os.environ["DATABASE_URL"])
os.environ.setdefault(
    "QUANYI_BASE_OWNER_URL", os.environ.get("DATABASE_OWNER_URL", os.environ["DATABASE_URL"])
)
os.environ["DATABASE_URL"] = with_database(os.environ["QUANYI_BASE_DATABASE_URL"], DATABASE)
os.environ["DATABASE_OWNER_URL"] = with_database(os.environ["QUANYI_BASE_OWNER_URL"], DATABASE)
os.environ["REDIS_URL"] = _valkey(os.environ["REDIS_URL"], VALKEY_PER_WORKER * NUMBER + 3)
os.environ["BROKER_URL"] = _valkey(os.environ["BROKER_URL"], VALKEY_PER_WORKER * NUMBER + 2)
os.environ["KEY_PREFIX"] = f"test{NUMBER}"
