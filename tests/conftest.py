"""What all tests share: a private PostgreSQL server, and databases on it with the newest schema."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import psycopg
import pytest
from psycopg import conninfo, sql

from include.db.connection import Connection, connect
from include.db.migrate import migrate
from runtime import postgres
from runtime.ports import choose_ports

# How long an example takes says how busy the machine is, not whether the rule holds.
hypothesis.settings.register_profile("qaitarym", deadline=None)
hypothesis.settings.load_profile("qaitarym")

# No test may read or write the Airflow home of whoever runs it. Set before anything imports Airflow.
_AIRFLOW_HOME = Path(tempfile.mkdtemp(prefix="qaitarym-airflow-"))
atexit.register(shutil.rmtree, _AIRFLOW_HOME, ignore_errors=True)
_ROOT = Path(__file__).resolve().parent.parent
os.environ.update(
    {
        "AIRFLOW_HOME": str(_AIRFLOW_HOME),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(_ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(_ROOT / "plugins"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{_AIRFLOW_HOME}/airflow.db",
        "AIRFLOW__API_AUTH__JWT_SECRET": uuid.uuid4().hex * 2,
        "AIRFLOW__API__SECRET_KEY": uuid.uuid4().hex,
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "GX_ANALYTICS_ENABLED": "false",
        # makes hooks in plugin tests see stored connections, as in the api-server
        "_AIRFLOW_PROCESS_CONTEXT": "server",
    }
)

OWNER = "warehouse"  # migrates; tests that bend tables work as the owner, too
APPLICATION = "warehouse_app"  # what everything else works as, here as in an installation
TEMPLATE = "warehouse_template"


class WrongServerError(RuntimeError):
    """The server at the test address is not the one this session started."""


@dataclass(frozen=True)
class TestServer:
    """The session's own server. `marker` is stored in it and nowhere else."""

    __test__ = False

    port: int
    password: str
    marker: str

    def address(self, database: str, user: str = postgres.SUPERUSER) -> str:
        return postgres.dsn(self.port, user, self.password, database)

    def prove(self, connection: psycopg.Connection) -> None:
        """Raise WrongServerError unless the marker is there: a port that answers proves nothing."""
        try:
            found = connection.execute("select marker from public.qaitarym_test_server").fetchone()
        except psycopg.errors.UndefinedTable:
            found = None
        if found is None or found[0] != self.marker:
            raise WrongServerError(f"port {self.port} is not this session's test server; nothing is created or dropped")

    def _administer(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            self.prove(connection)
            connection.execute(statement)

    def create_database(self, name: str, template: str = "template0") -> str:
        """Make a database of the owner's; returns its address for the owner."""
        names = [sql.Identifier(part) for part in (name, OWNER, template)]
        self._administer(sql.SQL("create database {} owner {} template {}").format(*names))
        return self.address(name, OWNER)

    def as_owner(self, address: str) -> str:
        """The address of the same database for its owner."""
        return self.address(str(conninfo.conninfo_to_dict(address)["dbname"]), OWNER)

    def drop_database(self, name: str) -> None:
        self._administer(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    """A PostgreSQL server of this session's own, ended and removed with it."""
    with running_server(tmp_path_factory.mktemp("postgres")) as test_server:
        postgres.ensure_application(test_server.address("postgres"), "postgres", APPLICATION, test_server.password)
        yield test_server


@contextmanager
def running_server(folder: Path) -> Iterator[TestServer]:
    """A PostgreSQL server with the owner's role and nothing else of ours, removed in the end."""
    marker = uuid.uuid4().hex
    server = postgres.prepare_server(folder / "record.json", f"qaitarym-test-{marker}", folder / "server")
    test_server = TestServer(choose_ports(folder / "ports.json").postgres, uuid.uuid4().hex, marker)
    postgres.initialise(server, test_server.password, postgres.THROWAWAY_SETTINGS)
    process = postgres.serve(server, test_server.port, folder / "postgres.log")
    try:
        superuser = test_server.address("postgres")
        postgres.wait_until_ready(superuser)
        with psycopg.connect(superuser, autocommit=True) as connection:
            connection.execute("create table public.qaitarym_test_server (marker text not null)")
            connection.execute("insert into public.qaitarym_test_server values (%s)", (marker,))
            connection.execute(
                sql.SQL("create role {} login password {}").format(
                    sql.Identifier(OWNER), sql.Literal(test_server.password)
                )
            )
        yield test_server
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
        postgres.remove(server)


@pytest.fixture(scope="session")
def new_warehouse(postgres_server: TestServer) -> Iterator[Callable[[], str]]:
    """Makes an empty warehouse with the newest schema at each call; returns its address for the application."""
    migrate(postgres_server.create_database(TEMPLATE))
    made: list[str] = []

    def make() -> str:
        name = f"warehouse_{len(made)}"
        postgres_server.create_database(name, TEMPLATE)
        made.append(name)
        return postgres_server.address(name, APPLICATION)

    yield make
    for name in [*made, TEMPLATE]:
        postgres_server.drop_database(name)


@pytest.fixture(scope="module")
def warehouse_dsn(new_warehouse: Callable[[], str]) -> str:
    """The address of a warehouse that the tests of one module share."""
    return new_warehouse()


@pytest.fixture
def warehouse(warehouse_dsn: str) -> Iterator[Connection]:
    """A connection to the module's warehouse; what a test does not commit is rolled back."""
    connection = connect(warehouse_dsn, application="qaitarym test")
    try:
        yield connection
    finally:
        connection.close()


@pytest.fixture
def empty_warehouse(new_warehouse: Callable[[], str]) -> Iterator[Connection]:
    """A connection to a warehouse that only this test has."""
    connection = connect(new_warehouse(), application="qaitarym test")
    try:
        yield connection
    finally:
        connection.close()
