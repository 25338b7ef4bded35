"""What the database alone can do: pgbench on the smallest transaction that sells one code.

Three statements and a commit, durable, on the same server, in the same minutes: take a free code
from a random start, insert the order, mark the code.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg

DATABASE = "bench_ceiling"
POOL = 200_000
SCHEMA = f"""
drop table if exists b_code, b_order;
create table b_code (id bigint primary key, sku int not null, sold boolean not null default false,
    spin double precision not null, order_id bigint, secret bytea not null);
insert into b_code select n, 1, false, random(), null, decode(repeat('ab', 60), 'hex')
    from generate_series(1, {POOL}) n;
create index b_free on b_code (sku, spin) where not sold;
create table b_order (id bigserial primary key, sku int not null, amount int not null,
    at timestamptz not null default now());
insert into b_order (sku, amount) select 1, 100 from generate_series(1, 50000);
analyze b_code; analyze b_order;
"""
# The wheel is left unbroken at its end, so that a start always finds a code.
SELL = """\\set start random(0, 900000) / 1000000.0
begin;
select id as code from b_code where sku = 1 and not sold and spin >= :start
    order by spin limit 1 for update skip locked \\gset
insert into b_order (sku, amount) values (1, 100) returning id as made \\gset
update b_code set sold = true, order_id = :made where id = :code;
commit;
"""


def _address() -> tuple[str, str]:
    """Socket folder and owner of the server under test."""
    parts = urlsplit(os.environ["DATABASE_OWNER_URL"])
    folder = parse_qs(parts.query)["host"][0]
    return folder, parts.username or ""


@contextmanager
def prepared() -> Iterator[None]:
    """A database of its own for the ceiling, gone afterwards."""
    owner = os.environ["DATABASE_OWNER_URL"]
    with psycopg.connect(owner, autocommit=True) as server:
        server.execute(f"drop database if exists {DATABASE} with (force)")
        server.execute(f"create database {DATABASE}")
    try:
        yield
    finally:
        with psycopg.connect(owner, autocommit=True) as server:
            server.execute(f"drop database if exists {DATABASE} with (force)")


def refill() -> None:
    folder, user = _address()
    with psycopg.connect(host=folder, user=user, dbname=DATABASE, autocommit=True) as server:
        server.execute(SCHEMA)
        server.execute("vacuum analyze b_code")


def sell_per_second(*, seconds: int, clients: int) -> float:
    """Transactions a second of the minimal sale, from a full pool."""
    refill()
    folder, user = _address()
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(SELL)
        script.flush()
        command = [
            str(Path(os.environ["BENCH_PG_BIN"]) / "pgbench"), "-h", folder, "-U", user, "-n", "-M", "prepared",
            "-j", "2", "-c", str(clients), "-T", str(seconds), "-f", script.name, DATABASE,
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if found is None:
        raise RuntimeError(f"pgbench said nothing of use:\n{done.stdout}\n{done.stderr}")
    return float(found[1])
