"""A database server dies under its clients."""

import os
import signal
import time

import psycopg

from tests.conftest import TestServer


def crash(server: TestServer) -> None:
    """Kill a server process as the kernel would: PostgreSQL then ends all others and recovers from its log."""
    with psycopg.connect(server.address("postgres"), autocommit=True) as conn:
        conn.execute("checkpoint")  # what was committed is written: the test's server does not wait for that
        os.kill(conn.info.backend_pid, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            time.sleep(0.2)
            try:
                with psycopg.connect(server.address("postgres")):
                    return
            except psycopg.OperationalError:
                continue
    raise TimeoutError("the server did not come back")
