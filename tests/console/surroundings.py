"""Who looks at the console in the tests, and when."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from include.console.app import build_app

NOW = dt.datetime.fromisoformat("2026-11-16T08:05:00+05:00")
SECRET = "a secret of the test"


class Noon:
    def now(self) -> dt.datetime:
        return NOW


@dataclass(frozen=True)
class User:
    """What Airflow tells of a user; ``role`` is the test's."""

    name: str = "aliya"
    role: str = "user"

    def get_id(self) -> str:
        return f"id of {self.name}"

    def get_name(self) -> str:
        return self.name


def may_write(_request: Request, user: Any) -> bool:
    return bool(user.role != "viewer")


def app_of(dsn: str, user: User | None = None, *, clock: Callable[[], Any] = Noon, **more: Any) -> FastAPI:
    seen = user or User()
    return build_app(lambda: dsn, clock, logged_in=lambda: seen, may_write=may_write, secret=lambda: SECRET, **more)


def client_of(dsn: str, user: User | None = None, *, ours: bool = True, **more: Any) -> TestClient:
    """A browser: with ``ours`` it says that its requests come from our own pages."""
    headers = {"sec-fetch-site": "same-origin"} if ours else {}
    return TestClient(app_of(dsn, user, **more), headers=headers)


Warehouse = Callable[[], str]
