"""A PostgreSQL server of the benchmarks' own, durable as in life, and databases on it that are thrown away."""

import secrets
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from bench.orders import MERCHANTS
from include.db.connection import connect
from include.db.migrate import migrate
from include.flows.onboarding import Store, add_merchant
from runtime import postgres
from runtime.ports import choose_ports

OWNER = "warehouse"  # migrates, and owns what is compared with us
APPLICATION = "warehouse_app"  # what we work as
TEMPLATE = "bench_template"


@dataclass(frozen=True, slots=True)
class BenchServer:
    """A running server; ``folder`` is for the benchmark's own files and goes with it."""

    port: int
    password: str
    folder: Path

    def address(self, database: str, user: str = postgres.SUPERUSER) -> str:
        """Return a database's address."""
        return postgres.dsn(self.port, user, self.password, database)

    def _administer(self, *statements: sql.SQL | sql.Composed) -> None:
        with psycopg.connect(self.address("postgres"), autocommit=True) as conn:
            for statement in statements:
                conn.execute(statement)

    def checkpoint(self) -> None:
        """Write everything out, so that no repetition pays for the one before."""
        self._administer(sql.SQL("checkpoint"))

    @contextmanager
    def database(self, name: str, user: str = APPLICATION) -> Iterator[str]:
        """Make a warehouse with the newest schema and its merchants, yield its address for ``user``, drop it."""
        names = [sql.Identifier(part) for part in (name, OWNER, TEMPLATE)]
        # by files, with a checkpoint: copying through the WAL would be measured by whoever counts WAL
        create = sql.SQL("create database {} owner {} template {} strategy file_copy").format(*names)
        self._administer(create, sql.SQL("checkpoint"))
        try:
            yield self.address(name, user)
        finally:
            self._administer(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@contextmanager
def running() -> Iterator[BenchServer]:
    """Start a server with the settings of the product's own (fsync on), end and remove it afterwards."""
    with tempfile.TemporaryDirectory(prefix="qaitarym-bench-") as scratch:
        folder = Path(scratch)
        password = secrets.token_hex(16)
        server = postgres.prepare_server(folder / "record.json", folder.name, folder / "server")
        process = None
        try:
            postgres.initialise(server, password)
            port = choose_ports(folder / "ports.json").postgres
            process = postgres.serve(server, port, folder / "postgres.log")
            bench = BenchServer(port, password, folder)
            postgres.wait_until_ready(bench.address("postgres"))
            _make_template(bench)
            yield bench
        finally:
            if process is not None:
                process.send_signal(signal.SIGINT)
                process.wait(timeout=120)
            postgres.remove(server)


def _make_template(server: BenchServer) -> None:
    names = sql.Identifier(TEMPLATE), sql.Identifier(OWNER)
    server._administer(
        sql.SQL("create role {} login password {}").format(sql.Identifier(OWNER), sql.Literal(server.password)),
        sql.SQL("create database {} owner {} template template0").format(*names),
    )
    postgres.ensure_application(server.address("postgres"), TEMPLATE, APPLICATION, server.password)
    migrate(server.address(TEMPLATE, OWNER))
    with connect(server.address(TEMPLATE, APPLICATION)) as conn:
        store = [Store(f"PP{number}", "Алматы", False, False) for number in (1, 2, 3)]  # noqa: FBT003
        for merchant_id in MERCHANTS:
            add_merchant(conn, merchant_id, name=merchant_id, stores=store)
