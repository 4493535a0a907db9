"""Who looks at the console in the tests, and when."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from include.console.app import build_app
from include.db.connection import connect

NOW = dt.datetime.fromisoformat("2026-11-16T08:05:00+05:00")
SECRET = "a secret of the test"


class Noon:
    def now(self) -> dt.datetime:
        return NOW


@dataclass(frozen=True)
class User:
    """What Airflow tells of a user. ``role`` is what the warehouse lets him do for ``merchant``; None: nothing."""

    name: str = "aliya"
    role: str | None = "supervisor"
    merchant: str = "*"

    def get_id(self) -> str:
        return f"id of {self.name}"

    def get_name(self) -> str:
        return self.name


def let(dsn: str, user: User) -> None:
    """Give the user his role."""
    with connect(dsn) as conn:
        conn.execute("delete from ops.staff_role where user_name = %s and merchant_id = %s", (user.name, user.merchant))
        if user.role:
            conn.execute(
                "insert into ops.staff_role (user_name, merchant_id, role, granted_by, granted_at) "
                "values (%s, %s, %s, 'test', %s)",
                (user.name, user.merchant, user.role, NOW),
            )


def app_of(dsn: str, user: User | None = None, *, clock: Callable[[], Any] = Noon, **more: Any) -> FastAPI:
    seen = user or User()
    let(dsn, seen)
    return build_app(lambda: dsn, clock, logged_in=lambda: seen, secret=lambda: SECRET, **more)


def client_of(dsn: str, user: User | None = None, *, ours: bool = True, **more: Any) -> TestClient:
    """A browser: with ``ours`` it says that its requests come from our own pages."""
    headers = {"sec-fetch-site": "same-origin"} if ours else {}
    return TestClient(app_of(dsn, user, **more), headers=headers)


Warehouse = Callable[[], str]
